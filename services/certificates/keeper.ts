// Looks at the certificate on a clock, on one machine: twice a day with jitter, sooner and sooner apart after a failure. Certificate, key and
// the account's key are files of the data folder; who serves TLS watches them (shared/net/tls/certificate-files.ts).

import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { whyUnusable } from '#shared/net/tls/certificate-files.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { AgentDecision } from './agent.ts'
import type { AccountKeyStore, CertificateStore } from './issuer.ts'

export const LOOK_EVERY_MS = 12 * 3_600_000
/** After one failure; twice as long after each further one. Authorities count failures: Let's Encrypt takes five an hour for a name. */
export const RETRY_FIRST_MS = 5 * 60_000
export const RETRY_MS_MAX = 6 * 3_600_000
/** Of a pause, at random: not all servers of the world ask at the same minute. */
const JITTER = 0.2

export interface CertificateKeeper {
  /** Now, whenever the next look would be; rejects where the authority does not do it. */
  look(): Promise<AgentDecision>
  stop(): Promise<void>
}

export function keepCertificate(deps: {
  readonly look: () => Promise<AgentDecision>
  /** Before the first look: listeners have to be open. */
  readonly firstMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}): CertificateKeeper {
  const { firstMs, clock, random, log } = deps
  const stopping = new AbortController()
  /** One at a time: two would order a certificate each. */
  let looking: Promise<AgentDecision> | undefined
  function look(): Promise<AgentDecision> {
    looking ??= deps.look().finally(() => {
      looking = undefined
    })
    return looking
  }
  const pause = (ms: number) =>
    clock.sleep(ms * (1 - JITTER + 2 * JITTER * random()), stopping.signal)
  async function keep(): Promise<void> {
    await pause(firstMs)
    for (let failures = 0; !stopping.signal.aborted; ) {
      const isGood = await look().then(
        ({ kind }) => kind === 'kept' || kind === 'renewed',
        (error) => {
          log.error({ error }, 'certificate not renewed')
          return false
        },
      )
      failures = isGood ? 0 : failures + 1
      await pause(
        isGood ? LOOK_EVERY_MS : Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MS_MAX),
      )
    }
  }
  const keeping = keep()
  return {
    look,
    async stop() {
      stopping.abort()
      await keeping
      await looking?.catch(() => {})
    },
  }
}

export type CertificateFolder = {
  readonly certificateFile: string
  readonly keyFile: string
  readonly store: CertificateStore
  readonly accountKeys: AccountKeyStore
}

/** `changed` hears of a new pair once both files are there. */
export async function openCertificateFolder(
  folder: string,
  changed: () => Promise<void> = async () => {},
): Promise<CertificateFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const certificateFile = join(folder, 'certificate.pem')
  const keyFile = join(folder, 'key.pem')
  const accountFile = join(folder, 'account.pem')
  return {
    certificateFile,
    keyFile,
    store: {
      async read() {
        const [cert = '', key = ''] = await Promise.all([certificateFile, keyFile].map(readText))
        // One signed by itself holds the place until the first comes.
        return whyUnusable({ cert, key }) === undefined && !isSelfSigned(cert)
          ? { cert, key }
          : undefined
      },
      async write(pair) {
        await writePair({ certificateFile, keyFile }, pair)
        await changed()
      },
    },
    accountKeys: {
      read: async () => (await readText(accountFile)) || undefined,
      write: (key) => replaceFile(accountFile, key),
    },
  }
}

/** A crash between the two leaves a pair that does not fit, which is as none: the next look gets another. */
export async function writePair(
  { certificateFile, keyFile }: Pick<CertificateFolder, 'certificateFile' | 'keyFile'>,
  { cert, key }: CertificatePair,
): Promise<void> {
  await replaceFile(keyFile, key)
  await replaceFile(certificateFile, cert)
}

function isSelfSigned(cert: string): boolean {
  const { issuer, subject } = new X509Certificate(cert)
  return issuer === subject
}

/** '' for one that is not there. */
async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`
  await writeFile(unfinished, text, { mode: 0o600, flush: true })
  await rename(unfinished, path)
}
