import type { Command } from 'commander'
import type { Process } from './context.ts'
import { authenticationCommands } from './policy-authentication.ts'

/** `postwolke policy …`: what is thought of a client, a sender or a message, and why. */
export function policyCommands(parent: Command, process: Process): void {
  const policy = parent.command('policy').description('what is thought of mail, and why')
  authenticationCommands(policy, process)
}
