// A certificate and its key in two files, read again when they change. The folders are watched rather than the files, because
// renewal tools rename new files or links into place; a slow re-check finds what the watcher missed (network file systems).
// A pair that does not fit is refused and logged, and the old one stays in use.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Log } from '#shared/runtime/log.ts'
import type { CertificateFileSource, CertificatePair } from './certificate.ts'

export type CertificateFiles = { readonly certificateFile: string; readonly keyFile: string }

export type CertificateFilesOptions = CertificateFiles & {
  readonly log: Log
  /** How long the files must have been quiet before they are read: both are usually written one after the other. */
  readonly debounceMs?: number
  readonly recheckMs?: number
}

const DEBOUNCE_MS = 500
const RECHECK_MS = 60_000

export async function openCertificateFiles(
  options: CertificateFilesOptions,
): Promise<CertificateFileSource> {
  const { log, debounceMs = DEBOUNCE_MS, recheckMs = RECHECK_MS } = options
  const listeners: (() => void)[] = []
  let pair = await readPair(options)
  let refused = ''
  let closed = false

  // One after the other: a slow reading of the old files must not overtake the new ones.
  let reloading = Promise.resolve()
  const reload = () => {
    reloading = reloading.then(reloadOnce)
    return reloading
  }

  async function reloadOnce(): Promise<void> {
    try {
      const candidate = await readFiles(options)
      const text = candidate.cert + candidate.key
      if (closed || text === pair.cert + pair.key || text === refused) return
      refused = text
      checkPair(candidate)
      refused = ''
      pair = candidate
    } catch (error) {
      log.warn(
        { certificateFile: options.certificateFile, error },
        'certificate refused, old one kept',
      )
      return
    }
    log.info({ certificateFile: options.certificateFile }, 'certificate changed')
    for (const listener of listeners) listener()
  }

  const watching = watchFolders(options, debounceMs, reload)
  const recheck = setInterval(reload, recheckMs).unref()
  return {
    certificateFile: options.certificateFile,
    current: () => pair,
    onChange: (listener) => void listeners.push(listener),
    reload,
    close() {
      closed = true
      clearInterval(recheck)
      watching.close()
    },
  }
}

/** Rejects unless TLS can be served with what is in them. */
export async function readPair(files: CertificateFiles): Promise<CertificatePair> {
  const pair = await readFiles(files)
  checkPair(pair)
  return pair
}

async function readFiles({ certificateFile, keyFile }: CertificateFiles): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([
    readFile(certificateFile, 'utf8'),
    readFile(keyFile, 'utf8'),
  ])
  return { cert, key }
}

/** Throws unless TLS can be served with the pair, and says what to do about it. */
export function checkPair({ cert, key }: CertificatePair): void {
  const certificate = attempt(
    () => new X509Certificate(cert),
    () => 'the certificate is not PEM, which begins with -----BEGIN CERTIFICATE-----',
  )
  const privateKey = attempt(
    () => createPrivateKey(key),
    () =>
      key.includes('ENCRYPTED')
        ? "the key has a passphrase; store it without one ('openssl pkey -in OLD -out NEW')"
        : 'the key is not PEM, which begins with -----BEGIN PRIVATE KEY-----',
  )
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(
      "the key does not belong to the certificate (the server's own comes first in its file, its issuer's behind it)",
    )
  }
  createSecureContext({ cert, key })
}

/** OpenSSL's words for it help nobody. */
function attempt<T>(work: () => T, problem: () => string): T {
  try {
    return work()
  } catch (cause) {
    throw new Error(problem(), { cause })
  }
}

/** Undefined when TLS can be served with it. */
export function whyUnusable(pair: CertificatePair): string | undefined {
  try {
    checkPair(pair)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function watchFolders(
  files: CertificateFiles,
  debounceMs: number,
  changed: () => void,
): { close(): void } {
  let timer: NodeJS.Timeout | undefined
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(changed, debounceMs).unref()
  }
  const folders = new Set([dirname(files.certificateFile), dirname(files.keyFile)])
  const watchers = [...folders].flatMap((folder) => watchFolder(folder, soon))
  return {
    close() {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Nothing when the system has no watches left, or none for this file system: the re-check remains. */
function watchFolder(folder: string, changed: () => void): FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, changed).on('error', () => undefined)]
  } catch {
    return []
  }
}
