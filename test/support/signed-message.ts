// Messages with signatures made by another implementation than the one that checks them where there is one (nodemailer), else by
// mailauth's signer; and the DNS their keys are in.

import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import type { FakeZone } from '#test/support/fake-dns.ts'

const require = createRequire(import.meta.url)

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  weak: generateKeyPairSync('rsa', { modulusLength: 512 }),
}

export type KeyName = keyof typeof pairs

export function keyRecord(key: KeyName = 'rsa'): string {
  const der = pairs[key].publicKey.export({ type: 'spki', format: 'der' })
  return `v=DKIM1; k=rsa; p=${der.toString('base64')}`
}

/** `selector._domainkey.domain` */
export const keyZone = (domain: string, key: KeyName = 'rsa', selector = 's'): FakeZone => ({
  [`${selector}._domainkey.${domain}`]: { txt: [keyRecord(key)] },
})

const pem = (key: KeyName) =>
  pairs[key].privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()

/** By nodemailer: relaxed/relaxed. CRLF line ends. */
export async function dkimSigned(
  message: string,
  domain: string,
  options: { readonly skipFields?: string } = {},
): Promise<string> {
  const DKIM = require('nodemailer/lib/dkim')
  const signer = new DKIM({
    keys: [{ domainName: domain, keySelector: 's', privateKey: pem('rsa') }],
    ...options,
  })
  const chunks: Buffer[] = []
  for await (const chunk of signer.sign(message)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('latin1')
}

/** By mailauth: any form, algorithm and `l=`. */
export async function dkimSignedAs(
  message: string,
  domain: string,
  {
    canonicalization = 'simple/simple',
    key = 'rsa' as KeyName,
    algorithm = 'rsa-sha256',
    maxBodyLength = undefined as number | undefined,
    expires = undefined as Date | undefined,
    signTime = undefined as Date | undefined,
    headerList = undefined as string | undefined,
  } = {},
): Promise<string> {
  const { dkimSign } = require('mailauth/lib/dkim/sign')
  const { signatures, errors } = await dkimSign(message, {
    canonicalization,
    algorithm,
    ...(expires && { expires }),
    ...(signTime && { signTime }),
    ...(headerList && { headerList }),
    signatureData: [
      {
        signingDomain: domain,
        selector: 's',
        privateKey: pem(key),
        ...(maxBodyLength !== undefined && { maxBodyLength }),
      },
    ],
  })
  if (errors.length > 0) throw new Error(String(errors[0].err))
  return signatures + message
}

/** With one more ARC set, by `domain`, which says this of the message. */
export async function arcSealed(message: string, domain: string, results: string, cv = 'none') {
  const { sealMessage } = require('mailauth/lib/arc')
  const sealed: Buffer = await sealMessage(Buffer.from(message, 'latin1'), {
    signingDomain: domain,
    selector: 's',
    privateKey: pem('rsa'),
    authResults: `${domain}; ${results}`,
    cv,
  })
  if (sealed.length === 0) throw new Error('not sealed')
  return sealed.toString('latin1') + message
}
