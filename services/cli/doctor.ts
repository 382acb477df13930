import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { openRecordReader } from '#services/assembly/dns.ts'
import { diagnose } from '#services/doctor/doctor.ts'
import type { Finding } from '#services/doctor/finding.ts'
import { openWorld } from '#services/doctor/real-world.ts'
import { createMachine } from '#services/one-machine/machine.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type Common, type Context, dataDirectory } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { readAll } from './listing.ts'
import { columns, counted } from './output.ts'
import { refused } from './refusal-text.ts'

type Flags = { readonly outboundHost: string; readonly timeServer: string; readonly all?: boolean }

/** Without a name all domains are looked at, up to so many. */
const DOMAINS_MAX = 20

/** `postwolke doctor`: measures what a mail host needs. Exit status 1 where something is bad. */
export function doctorCommand(parent: Command, define: Define): void {
  define<Flags & Common>(parent.command('doctor [domain]'), {
    about: 'measure what keeps mail from coming, going and being trusted, and say what to do',
    options: (command) =>
      command
        .option(
          '--outbound-host <host>',
          'whose port 25 shows whether ours goes out; a relay host goes before it',
          'gmail-smtp-in.l.google.com',
        )
        .option('--time-server <host>', 'an NTP server that knows the time', 'pool.ntp.org')
        .option('--all', 'show what is well, too'),
    async run(context, [domain], options) {
      const { backend, output, process } = context
      const { settings } = backend
      const deployed = options.aws ?? process.environment.POSTWOLKE_AWS
      const isHere = deployed === undefined || options.data !== undefined
      const directory = dataDirectory(options, process)
      const machine = isHere ? createMachine({ directory, clock: systemClock }) : undefined
      const world = openWorld({
        readRecords: openRecordReader(settings),
        askedByStranger: async (envelope) => await strangersVerdict(backend, envelope),
        nameServers: settings.dnsServers,
        timeServer: options.timeServer,
        machine,
        certificate: async () =>
          isHere
            ? await certificatePem(certificateFileOf(settings, directory), directory)
            : undefined,
        operator: backend.operator,
        clock: systemClock,
      })
      const domains = await recordsOf(context, domain)
      const { outboundHost } = options
      const findings = await Array.fromAsync(
        diagnose({ world, settings, domains, outboundHost, isHere }),
      )
      const shown = options.all ? findings : findings.filter(({ state }) => state !== 'ok')
      output.print(findings, (width) => [
        ...columns(['STATE', 'CHECK', 'OF', 'FOUND'], shown.map(row), width),
        ...shown.flatMap(nextLine),
        summary(findings),
      ])
      const bad = findings.filter(({ state }) => state === 'bad').length
      if (bad > 0) throw new CommandFailure(`${counted(bad, 'thing is', 'things are')} bad`)
    },
  })
}

async function strangersVerdict(
  backend: Context['backend'],
  { sender, recipient }: { readonly sender: string; readonly recipient: string },
) {
  const { rehearseRecipient } = await import('#services/assembly/rehearsal.ts')
  const queueId = newQueueId(backend.clock.now())
  const about = { declaredBytes: 0, recipientsSoFar: 0, finalRecipientsSoFar: 0 }
  return await rehearseRecipient(backend, {
    queueId,
    origin: stranger,
    sender,
    recipient,
    ...about,
  })
}

/** RFC 5737 §3: an address that nobody has. */
const stranger: Origin = {
  listener: 'smtp',
  remoteAddress: '192.0.2.1',
  remotePort: 0,
  helo: 'example.org',
  tls: null,
  account: null,
}

async function recordsOf(
  { administration }: Context,
  domain: string,
): Promise<readonly DomainRecords[]> {
  const names =
    domain === ''
      ? (await readAll((after) => administration.domains.page({ after })))
          .slice(0, DOMAINS_MAX)
          .map((one) => one.domain)
      : [domain]
  const all: DomainRecords[] = []
  for (const name of names) {
    const found = await administration.dns.records({ domain: name, check: true })
    if (found.kind !== 'records') throw refused(found)
    all.push(found)
  }
  return all
}

/** What the server shows: one that it gets by itself goes before one that it was given. */
const certificateFileOf = (
  { acmeDirectory, tls }: Context['backend']['settings'],
  directory: string,
) => (acmeDirectory === '' ? tls.certificateFile : join(directory, 'acme', 'certificate.pem'))

const SELF_SIGNED_FILE = 'self-signed.cert.pem'

const certificatePem = (file: string, directory: string) =>
  readFile(file || join(directory, 'tls', SELF_SIGNED_FILE), 'utf8').catch(() => undefined)

const row = ({ state, check, of, found }: Finding) => [state, check, of, found]

const nextLine = ({ check, of, next }: Finding) =>
  next === undefined ? [] : [`${[check, of].filter(Boolean).join(' ')}: ${next}`]

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length
  return `${count('ok')} ok, ${count('warn')} to look at, ${count('bad')} bad, ${count('unknown')} not measured`
}
