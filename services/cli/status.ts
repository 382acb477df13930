import type { Command } from 'commander'
import { formatEndpoint } from '#services/assembly/endpoint.ts'
import type { CertificateFacts, ServerFacts } from '#shared/administration/status.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type Common, dataDirectory, type Process, withCommonOptions, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { formatBytes, formatTime } from './output.ts'
import { withAdministration } from './with-administration.ts'

/** `postwolke status`: whether the system of a data folder runs, and how it is. Exit status 1 when it does not run. */
export function statusCommand(parent: Command, process: Process): void {
  const status = withJson(withCommonOptions(parent.command('status'))).description(
    'whether the system of a data folder runs: since when, ports, queue, disk, certificate',
  )
  status.action(async () => {
    const options = status.opts<Common>()
    const directory = dataDirectory(options, process)
    // Not of a deployment, should a variable name one.
    const here = { ...options, data: directory }
    const once = { mayCreate: false }
    await withAdministration(here, process, once, async ({ administration, output }) => {
      const { createMachine } = await import('#services/one-machine/machine.ts')
      const machine = createMachine({ directory, clock: systemClock })
      const { server, queue, disk, certificate } = await administration.status.read(machine)
      const facts = {
        running: server !== undefined,
        ...(server && shownServer(server)),
        queue,
        disk,
        certificate: certificate && shownCertificate(certificate),
      }
      output.print(facts, () => [
        server === undefined
          ? `running      no, nobody serves ${directory}`
          : `running      process ${server.pid} since ${server.started}, version ${versionOf(server)}`,
        ...(server?.listeners ?? []).map(
          (listener) => `listening    ${listener.name} on ${formatEndpoint(listener)}`,
        ),
        `queue        ${queue.incoming} incoming, ${queue.waiting} to deliver, ${queue.held} on hold`,
        `disk         ${formatBytes(disk.freeBytes)} free of ${formatBytes(disk.bytes)}${disk.isReadOnly ? ', and cannot be written to' : ''}`,
        ...(certificate ? [`certificate  ${certificateText(certificate)}`] : []),
      ])
      if (server === undefined) throw new CommandFailure('the system does not run')
    })
  })
}

const versionOf = ({ version }: ServerFacts) => version ?? '(starting)'

const shownServer = (server: ServerFacts) => ({ ...server, version: versionOf(server) })

function shownCertificate(certificate: CertificateFacts) {
  const { file } = certificate
  return certificate.kind === 'readable'
    ? { file, names: certificate.names, expires: formatTime(certificate.expiresMs) }
    : { file, names: 'cannot be read', expires: '' }
}

function certificateText(certificate: CertificateFacts): string {
  if (certificate.kind === 'unreadable') return `${certificate.file} cannot be read`
  const { names, expiresMs, daysLeft, missing } = certificate
  const expires = formatTime(expiresMs)
  const when =
    daysLeft < 0 ? `has expired on ${expires}` : `expires ${expires}, in ${daysLeft} days`
  return `${names}, ${when}${missing === undefined ? '' : `, and is not for ${missing} (hostname)`}`
}
