import { type Command, Option } from 'commander'
import type { Process } from './context.ts'
import { withJson } from './context.ts'
import type { CheckOptions } from './policy-checks.ts'

/** `postwolke policy spf|dkim|dmarc|arc`. */
export function authenticationCommands(policy: Command, process: Process): void {
  const load = () => import('./policy-checks.ts')
  const spf = withClient(withDns(policy.command('spf')), true).description(
    'check whether a client may send for a domain (SPF)',
  )
  spf.action(async () => (await load()).checkSpf(spf.opts<CheckOptions>(), process))

  const dkim = withDns(policy.command('dkim [file]')).description(
    'check the signatures of a message (DKIM), a file or standard input',
  )
  dkim.action(async (file?: string) =>
    (await load()).checkDkim({ ...dkim.opts<CheckOptions>(), file }, process),
  )

  const dmarc = withClient(withDns(policy.command('dmarc [file]')), false).description(
    "check whether the author's domain vouches for a message (DMARC)",
  )
  dmarc.action(async (file?: string) =>
    (await load()).checkDmarc({ ...dmarc.opts<CheckOptions>(), file }, process),
  )

  const arc = withDns(policy.command('arc [file]')).description(
    'check the chain of those who passed a message on (ARC)',
  )
  arc.action(async (file?: string) =>
    (await load()).checkArc({ ...arc.opts<CheckOptions>(), file }, process),
  )
}

function withDns(command: Command): Command {
  return withJson(command).addOption(
    new Option('--dns <address>', 'ask this name server, as address or address:port'),
  )
}

function withClient(command: Command, isNeeded: boolean): Command {
  const about = 'address of the client'
  const sender = 'address in MAIL FROM; nothing for the null sender'
  return (
    isNeeded
      ? command.requiredOption('--ip <address>', about)
      : command.option('--ip <address>', about)
  )
    .option('--helo <name>', 'name in HELO', '')
    .option('--sender <address>', sender, '')
}
