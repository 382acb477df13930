import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { columns } from './output.ts'
import { authenticationCommands } from './policy-authentication.ts'
import { explainCommand } from './policy-explain.ts'
import { replayCommand } from './policy-replay.ts'

/** `postwolke policy …`: what is thought of a client, a sender or a message, and why. */
export function policyCommands(parent: Command, process: Process, define: Define): void {
  const policy = parent.command('policy').description('what is thought of mail, and why')
  listsCommand(policy, define)
  explainCommand(policy, define)
  replayCommand(policy, define)
  authenticationCommands(policy, process)
}

function listsCommand(policy: Command, define: Define): void {
  define(policy.command('list'), {
    about: 'show the lists of restrictions as they are in force',
    async run({ administration, output }) {
      const lists = await administration.policy.lists()
      output.print(lists, (width) =>
        columns(
          ['SETTING', 'RESTRICTIONS'],
          lists.map(({ setting, restrictions }) => [setting, restrictions || '-']),
          width,
        ),
      )
    },
  })
}
