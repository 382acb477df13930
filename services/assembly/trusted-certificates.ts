// The certificates of authorities that a setting names.

import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { explained } from './start-failure.ts'

/** PEM. Rejects with a StartFailure when there is none in the file. */
export function trustedCertificates(path: string, setting: string): Promise<string> {
  return explained(`cannot use ${setting}`, read(path))
}

async function read(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8')
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`no certificate in ${path}`)
  // What cannot be read is told now, not at the first handshake.
  createSecureContext({ ca: pem })
  return pem
}
