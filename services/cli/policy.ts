import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { authenticationCommands } from './policy-authentication.ts'
import { explainCommand } from './policy-explain.ts'
import { replayCommand } from './policy-replay.ts'

/** `postwolke policy …`: what is thought of a client, a sender or a message, and why. */
export function policyCommands(parent: Command, process: Process, define: Define): void {
  const policy = parent.command('policy').description('what is thought of mail, and why')
  explainCommand(policy, define)
  replayCommand(policy, define)
  authenticationCommands(policy, process)
}
