import { join } from 'node:path'
import type { Command } from 'commander'
import { OUTBOUND_HOST, TIME_SERVER } from '#services/assembly/doctor-hosts.ts'
import type { Finding } from '#services/doctor/finding.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import { type Common, type Context, dataDirectory } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted } from './output.ts'
import { refused } from './refusal-text.ts'

type Flags = { readonly outboundHost: string; readonly timeServer: string; readonly all?: boolean }

/** `postwolke doctor`: measures what a mail host needs. Exit status 1 where something is bad. */
export function doctorCommand(parent: Command, define: Define): void {
  define<Flags & Common>(parent.command('doctor [domain]'), {
    about: 'measure what keeps mail from coming, going and being trusted, and say what to do',
    options: (command) =>
      command
        .option(
          '--outbound-host <host>',
          'whose port 25 shows whether ours goes out; a relay host goes before it',
          OUTBOUND_HOST,
        )
        .option('--time-server <host>', 'an NTP server that knows the time', TIME_SERVER)
        .option('--all', 'show what is well, too'),
    async run(context, [domain], options) {
      const [{ assembleDoctor }, { createMachine }, { systemClock }] = await Promise.all([
        import('#services/assembly/doctor.ts'),
        import('#services/one-machine/machine.ts'),
        import('#shared/runtime/clock.ts'),
      ])
      const { backend, output, process } = context
      const { settings } = backend
      const deployed = options.aws ?? process.environment.POSTWOLKE_AWS
      const isHere = deployed === undefined || options.data !== undefined
      const directory = dataDirectory(options, process)
      const machine = isHere ? createMachine({ directory, clock: systemClock }) : undefined
      const domains = await recordsOf(context, domain)
      const { outboundHost, timeServer } = options
      const certificateFile = () => certificateFileOf(settings, directory)
      const doctor = { machine, domains, certificateFile, outboundHost, timeServer }
      const findings = await Array.fromAsync(assembleDoctor(backend, doctor))
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

async function recordsOf(
  { administration }: Context,
  domain: string,
): Promise<readonly DomainRecords[]> {
  if (domain === '') {
    const { doctorDomains } = await import('#services/assembly/doctor.ts')
    return await doctorDomains(administration)
  }
  const found = await administration.dns.records({ domain, check: true })
  if (found.kind !== 'records') throw refused(found)
  return [found]
}

/** What the server shows: one that it gets by itself goes before one that it was given. */
const certificateFileOf = (
  { acmeDirectory, tls }: Context['backend']['settings'],
  directory: string,
) =>
  acmeDirectory === ''
    ? tls.certificateFile || join(directory, 'tls', SELF_SIGNED_FILE)
    : join(directory, 'acme', 'certificate.pem')

const SELF_SIGNED_FILE = 'self-signed.cert.pem'

const row = ({ state, check, of, found }: Finding) => [state, check, of, found]

const nextLine = ({ check, of, next }: Finding) =>
  next === undefined ? [] : [`${[check, of].filter(Boolean).join(' ')}: ${next}`]

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length
  return `${count('ok')} ok, ${count('warn')} to look at, ${count('bad')} bad, ${count('unknown')} not measured`
}
