import type { Command } from 'commander'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { counted } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke srs …`: the envelope senders that forwarded mail gets. */
export function srsCommands(parent: Command, define: Define): void {
  const srs = parent.command('srs').description('rewritten senders of forwarded mail')

  define(srs.command('show <address>'), {
    about: 'show whose mail an address such as SRS0=…@example.net is the sender of',
    async run({ administration, output }, [address]) {
      const found = await administration.srs.show(address)
      switch (found.kind) {
        case 'sender':
          return output.print({ address, sender: found.address }, () => [found.address])
        case 'none':
          throw new CommandFailure(
            `${address} is no address of srsDomain that begins with SRS0 or SRS1`,
            'data',
          )
        case 'forged':
          throw new CommandFailure(
            `${address} was not made here, or with a secret that is gone`,
            'data',
          )
        case 'expired':
          throw new CommandFailure(`${address} has expired`)
        case 'bad-value':
          throw refused(found)
        default:
          return unreachable(found)
      }
    },
  })

  define(srs.command('rotate'), {
    about: 'have another secret sign from now on; bounces of what was sent before still come back',
    async run({ administration, output }) {
      const rotated = await administration.srs.rotate()
      if (rotated.kind === 'in-file') {
        throw new CommandFailure(
          'the secrets stand in srsSecretsFile: write another one above them',
          'config',
        )
      }
      output.print({ secrets: rotated.secrets }, () => [
        `another secret signs; ${counted(rotated.secrets, 'secret')} in all`,
      ])
    },
  })
}
