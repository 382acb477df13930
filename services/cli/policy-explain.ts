import { type Command, Option } from 'commander'
import { explainListeners } from '#shared/administration/policy.ts'
import { toldRecord } from '#shared/administration/told-record.ts'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { explanation } from './explanation-text.ts'
import { CommandFailure } from './failure.ts'

type Options = {
  readonly client?: string
  readonly helo?: string
  readonly sender?: string
  readonly recipient?: string
  readonly login?: string
  readonly listener?: (typeof explainListeners)[number]
  readonly size?: string
  readonly tls?: boolean
  readonly dns?: string
}

/** `postwolke policy explain`: what was decided about a message, or would be about one now, and why. */
export function explainCommand(policy: Command, define: Define): void {
  define(policy.command('explain [queue-id]'), {
    about:
      'say why a message was taken or refused: one that came, by its queue id, or one that might come, asked now',
    options: (command) =>
      command
        .option('--client <address>', 'IP address of a client that might come')
        .option('--helo <name>', 'name in HELO')
        .option('--sender <address>', 'address in MAIL FROM; nothing, or <>, for the null sender')
        .option('--recipient <address>', 'address in RCPT TO')
        .option('--login <account>', 'the account that it logged in as')
        .addOption(
          new Option('--listener <name>', 'where it connects').choices([...explainListeners]),
        )
        .option('--size <bytes>', 'size that is declared with MAIL')
        .option('--tls', 'it speaks TLS')
        .option('--dns <address>', 'ask this name server, as address or address:port')
        .addHelpText(
          'after',
          '\nOne that might come is asked about without consequences: nothing is counted, and neither policy servers nor filters are asked.',
        ),
    async run(context, [queueId], options: Options) {
      const records =
        queueId === '' ? await asked(context, options) : await recorded(context, queueId, options)
      const { output, process } = context
      output.print(records.map(toldRecord), () => explanation(records, process.columns))
    },
  })
}

async function recorded(
  { administration, settings }: Context,
  text: string,
  { client, recipient }: Options,
): Promise<readonly DecisionRecord[]> {
  if (client !== undefined || recipient !== undefined) {
    throw new CommandFailure('give a queue id, or --client and --recipient; not both', 'usage')
  }
  const found = await administration.policy.recorded(text)
  if (found.kind === 'explained') return found.decisions
  if (found.kind === 'bad-value') throw new CommandFailure(`'${text}' is no queue id`, 'data')
  const why =
    settings.policyRecordLifetime === 0
      ? 'policyRecordLifetime is 0'
      : 'no such message, one of our own that nobody had anything against, too long ago, or one of many refusals in the same minute'
  throw new CommandFailure(`nothing is recorded of ${found.value}: ${why}`, 'noUser')
}

async function asked(
  { administration }: Context,
  { client, recipient, size = '0', dns, helo, sender, login, listener, tls }: Options,
): Promise<readonly DecisionRecord[]> {
  if (client === undefined || recipient === undefined) {
    throw new CommandFailure('give a queue id, or --client and --recipient', 'usage')
  }
  if (!/^\d{1,15}$/.test(size))
    throw new CommandFailure(`--size: '${size}' is no number of bytes`, 'usage')
  const found = await administration.policy.explain({
    ...{ client, helo, sender, recipient, login, listener, tls },
    declaredBytes: Number(size),
    ...(dns !== undefined && { dnsServers: [await checkedServer(dns)] }),
  })
  switch (found.kind) {
    case 'explained':
      return found.decisions
    case 'bad-value':
      throw new CommandFailure(`--client: '${client}' is no IP address`, 'usage')
    case 'no-such-account':
      throw new CommandFailure(`--login: there is no account '${found.value}'`, 'noUser')
    default:
      return unreachable(found)
  }
}

async function checkedServer(server: string): Promise<string> {
  return (await import('./policy-checks.ts')).checkedServer(server)
}
