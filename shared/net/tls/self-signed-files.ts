// Keeps a self-signed certificate in the data folder: made at the first start, and again when it has expired or the system got
// another name. Clients that trusted it by hand keep doing so in between.

import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#shared/runtime/log.ts'
import { type CertificateFiles, checkPair } from './certificate-files.ts'
import { makeSelfSigned } from './self-signed.ts'

export type SelfSignedPlace = {
  readonly folder: string
  readonly hostname: string
  readonly log: Log
}

export async function ensureSelfSigned(place: SelfSignedPlace): Promise<CertificateFiles> {
  const { folder, hostname, log } = place
  const files = {
    certificateFile: join(folder, 'self-signed.cert.pem'),
    keyFile: join(folder, 'self-signed.key.pem'),
  }
  const now = new Date()
  if (await isUsable(files, hostname, now)) return files
  const { key, cert } = makeSelfSigned(hostname, now)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // A crash between the two leaves a pair that does not fit; the next start makes both anew.
  await replaceFile(files.keyFile, key, 0o600)
  await replaceFile(files.certificateFile, cert, 0o644)
  log.info({ hostname, certificateFile: files.certificateFile }, 'self-signed certificate made')
  return files
}

async function isUsable(files: CertificateFiles, hostname: string, now: Date): Promise<boolean> {
  try {
    const cert = await readFile(files.certificateFile, 'utf8')
    checkPair({ cert, key: await readFile(files.keyFile, 'utf8') })
    const certificate = new X509Certificate(cert)
    return certificate.validToDate > now && certificate.checkHost(hostname) !== undefined
  } catch {
    // Missing or damaged: nothing here is worth keeping, it can be made again.
    return false
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, text, { mode })
  await rename(temporary, path)
}
