import { isIP } from 'node:net'
import { type Command, Option } from 'commander'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { newQueueId, parseQueueId } from '#shared/mail/queue-id.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { explanation } from './explanation-text.ts'
import { CommandFailure } from './failure.ts'
import { checkedServer } from './policy-authentication.ts'

type Options = {
  readonly client?: string
  readonly helo?: string
  readonly sender?: string
  readonly recipient?: string
  readonly login?: string
  readonly listener?: (typeof listeners)[number]
  readonly size?: string
  readonly tls?: boolean
  readonly dns?: string
}

const listeners = ['smtp', 'submission', 'submissions', 'lmtp'] as const

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
        .addOption(new Option('--listener <name>', 'where it connects').choices([...listeners]))
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
      output.print(records, () => explanation(records, process.columns))
    },
  })
}

async function recorded(
  { backend }: Context,
  text: string,
  { client, recipient }: Options,
): Promise<readonly DecisionRecord[]> {
  if (client !== undefined || recipient !== undefined) {
    throw new CommandFailure('give a queue id, or --client and --recipient; not both', 'usage')
  }
  const queueId = parseQueueId(text.toUpperCase())
  if (queueId === undefined) throw new CommandFailure(`'${text}' is no queue id`, 'data')
  const { recordedDecisions } = await import('#services/assembly/rehearsal.ts')
  const records = await recordedDecisions(backend, queueId)
  if (records.length > 0) return records
  const { policyRecordLifetime: lifeMs } = backend.settings
  const why =
    lifeMs === 0
      ? 'policyRecordLifetime is 0'
      : 'no such message, one of our own that nobody had anything against, too long ago, or one of many refusals in the same minute'
  throw new CommandFailure(`nothing is recorded of ${queueId}: ${why}`, 'noUser')
}

async function asked({ backend }: Context, options: Options): Promise<readonly DecisionRecord[]> {
  const { dns } = options
  const request = await requestOf(backend, options)
  const { rehearseTransaction } = await import('#services/assembly/rehearsal.ts')
  const dnsServers = dns === undefined ? backend.settings.dnsServers : [checkedServer(dns)]
  return rehearseTransaction({ ...backend, settings: { ...backend.settings, dnsServers } }, request)
}

async function requestOf(
  { directory, clock }: Context['backend'],
  { client, helo = '', sender = '', recipient, login, listener, size = '0', tls }: Options,
): Promise<RecipientRequest> {
  if (client === undefined || recipient === undefined) {
    throw new CommandFailure('give a queue id, or --client and --recipient', 'usage')
  }
  if (isIP(client) === 0)
    throw new CommandFailure(`--client: '${client}' is no IP address`, 'usage')
  if (!/^\d{1,15}$/.test(size))
    throw new CommandFailure(`--size: '${size}' is no number of bytes`, 'usage')
  const account = login === undefined ? null : await accountOf(directory, login)
  return {
    queueId: newQueueId(clock.now()),
    origin: {
      listener: listener ?? (account === null ? 'smtp' : 'submission'),
      remoteAddress: client,
      remotePort: 0,
      helo,
      // Who logs in has it.
      tls: tls || account !== null ? usualTls : null,
      account,
    },
    sender: sender === '<>' ? '' : sender,
    declaredBytes: Number(size),
    recipientsSoFar: 0,
    finalRecipientsSoFar: 0,
    recipient,
  }
}

const usualTls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

async function accountOf({ accounts }: Context['backend']['directory'], login: string) {
  const address = parseAddress(login)
  const account = address && (await accounts.get(address))
  if (account === undefined)
    throw new CommandFailure(`--login: there is no account '${login}'`, 'noUser')
  const { id, sessionsEpoch } = account
  return { id, login: formatAddress(account.address), sessionsEpoch }
}
