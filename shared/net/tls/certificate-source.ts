// Where the listeners' certificate comes from: files an administrator names, or a self-signed pair made at the first start.

import type { Log } from '#shared/runtime/log.ts'
import type { CertificateFileSource } from './certificate.ts'
import { openCertificateFiles } from './certificate-files.ts'
import { certificateWarnings } from './certificate-warnings.ts'
import { ensureSelfSigned } from './self-signed-files.ts'

export type CertificatePlace = {
  /** Both empty: a self-signed certificate in `folder`. */
  readonly certificateFile: string
  readonly keyFile: string
  readonly folder: string
  /** What a self-signed certificate is made for. */
  readonly hostname: string
  readonly log: Log
  readonly now?: () => number
}

/** How often the log says again what is wrong with it: a certificate expires while the server runs. */
const WARN_EVERY_MS = 24 * 3_600_000

/** Rejects when there is no usable pair: a start without a certificate is refused. */
export async function openCertificateSource(
  place: CertificatePlace,
): Promise<CertificateFileSource> {
  const { certificateFile, keyFile, log } = place
  const files =
    certificateFile === '' ? await ensureSelfSigned(place) : { certificateFile, keyFile }
  const source = await openCertificateFiles({ ...files, log })
  return certificateFile === '' ? source : warning(source, place)
}

/** Usable, and yet clients may refuse it. */
function warning(source: CertificateFileSource, place: CertificatePlace): CertificateFileSource {
  const { certificateFile, hostname, log, now = Date.now } = place
  const warn = () => {
    for (const reason of certificateWarnings(source.current(), hostname, now()))
      log.warn({ certificateFile, reason }, 'clients may refuse the certificate')
  }
  warn()
  source.onChange(warn)
  const timer = setInterval(warn, WARN_EVERY_MS).unref()
  return {
    ...source,
    close() {
      clearInterval(timer)
      source.close()
    },
  }
}
