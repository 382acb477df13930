// The certificate that SMTP shows, for the record that pins its key (TLSA).

import { readFile } from 'node:fs/promises'
import type { Settings } from '#shared/settings/table.ts'

/** PEM. Undefined: one that was made here is made again without notice, and one that cannot be read is no reason to tell nothing. */
export async function publishedCertificate({
  tls: { certificateFile },
}: Pick<Settings, 'tls'>): Promise<string | undefined> {
  if (certificateFile === '') return undefined
  return await readFile(certificateFile, 'utf8').catch(() => undefined)
}
