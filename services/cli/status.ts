import { X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatEndpoint } from '#services/assembly/endpoint.ts'
import { whoServes } from '#shared/storage/embedded/serving-lock.ts'
import {
  type Common,
  dataDirectory,
  type Process,
  withCommonOptions,
  withCore,
  withJson,
} from './context.ts'
import { CommandFailure } from './failure.ts'
import { formatBytes, formatTime } from './output.ts'

const DAY_MS = 86_400_000

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
    await withCore(here, process, { mayCreate: false }, async ({ core, output }) => {
      const server = shownServer(await whoServes(directory))
      const queue = await core.operator.count()
      const disk = await diskOf(directory)
      const certificate = server && (await certificateOf(server.certificateFile))
      const facts = { running: server !== undefined, ...server, queue, disk, certificate }
      output.print(facts, () => [
        server === undefined
          ? `running      no, nobody serves ${directory}`
          : `running      process ${server.pid} since ${server.started}, version ${server.version}`,
        ...(server?.listeners ?? []).map(
          (listener) => `listening    ${listener.name} on ${formatEndpoint(listener)}`,
        ),
        `queue        ${queue.incoming} incoming, ${queue.waiting} to deliver, ${queue.held} on hold`,
        `disk         ${formatBytes(disk.freeBytes)} free of ${formatBytes(disk.bytes)}`,
        ...(certificate ? [`certificate  ${told(certificate)}`] : []),
      ])
      if (server === undefined) throw new CommandFailure('the system does not run')
    })
  })
}

type Shown = {
  readonly pid: number
  readonly started: string
  readonly version: string
  readonly listeners: readonly {
    readonly name: string
    readonly address: string
    readonly port: number
  }[]
  readonly certificateFile: string
}

/** One that has just begun to start tells its name only. */
function shownServer(holder: Awaited<ReturnType<typeof whoServes>>): Shown | undefined {
  if (holder === undefined) return undefined
  const { pid, started, version, listeners, certificateFile } = { ...holder } as Partial<Shown>
  return {
    pid: Number(pid),
    started: String(started),
    version: version ?? '(starting)',
    listeners: Array.isArray(listeners) ? listeners : [],
    certificateFile: certificateFile ?? '',
  }
}

async function diskOf(directory: string) {
  const { bavail, blocks, bsize } = await statfs(directory)
  return { freeBytes: bavail * bsize, bytes: blocks * bsize }
}

type Certificate = { readonly file: string; readonly names: string; readonly expires: string }

async function certificateOf(file: string): Promise<Certificate | undefined> {
  if (file === '') return undefined
  try {
    const certificate = new X509Certificate(await readFile(file))
    const names = certificate.subjectAltName ?? certificate.subject
    return { file, names, expires: formatTime(certificate.validToDate.getTime()) }
  } catch {
    return { file, names: 'cannot be read', expires: '' }
  }
}

function told({ file, names, expires }: Certificate): string {
  if (expires === '') return `${file} ${names}`
  const days = Math.floor((Date.parse(expires) - Date.now()) / DAY_MS)
  const when = days < 0 ? `has expired on ${expires}` : `expires ${expires}, in ${days} days`
  return `${names}, ${when}`
}
