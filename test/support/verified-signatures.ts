// What others find of signatures that we made: mailauth, and OpenDKIM where it is installed.

import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const require = createRequire(import.meta.url)

/** Texts of TXT records by name. */
export type PublishedKeys = { readonly [name: string]: string }

const resolverOf = (keys: PublishedKeys) => async (name: string, type: string) => {
  const text = type === 'TXT' ? keys[name] : undefined
  if (text === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  return [[text]]
}

export type Verified = {
  readonly domain: string
  readonly selector: string
  readonly result: string
}

/** By mailauth; byte string, topmost first. */
export async function verifiedByMailauth(
  message: string,
  keys: PublishedKeys,
): Promise<readonly Verified[]> {
  const { dkimVerify } = require('mailauth/lib/dkim/verify')
  const { results } = await dkimVerify(Buffer.from(message, 'latin1'), {
    resolver: resolverOf(keys),
  })
  type Result = { signingDomain: string; selector: string; status: { result: string } }
  return results.map(({ signingDomain, selector, status }: Result) => ({
    domain: signingDomain,
    selector,
    result: status.result,
  }))
}

/** Of the chain, by mailauth. */
export async function arcByMailauth(
  message: string,
  keys: PublishedKeys,
): Promise<{ readonly result: string; readonly instance: number | undefined }> {
  const { authenticate } = require('mailauth')
  const { arc } = await authenticate(Buffer.from(message, 'latin1'), {
    ip: '192.0.2.1',
    helo: 'x.test',
    mta: 'mx.test',
    sender: '',
    resolver: resolverOf(keys),
  })
  return { result: arc.status.result, instance: arc.i }
}

/** `selector domain` of each signature that it found good. */
export async function verifiedByOpendkim(
  message: string,
  keys: PublishedKeys,
): Promise<readonly string[]> {
  await using folder = await temporaryFolder()
  const file = (name: string) => join(folder.path, name)
  const records = Object.entries(keys).map(([name, text]) => `${name} ${text}\n`)
  await writeFile(file('keys'), records.join(''))
  await writeFile(file('conf'), `TestDNSData ${file('keys')}\nMode v\n`)
  await writeFile(file('message'), message, 'latin1')
  const { stdout, stderr } = await runProgram('opendkim', [
    '-x',
    file('conf'),
    '-v',
    '-v',
    '-t',
    file('message'),
  ])
  const good: string[] = []
  const found = /dkim=pass[^;]*?header\.d=(\S+)[^;]*?header\.s=(\S+)/g
  for (const [, domain, selector] of `${stdout}${stderr}`.matchAll(found)) {
    good.push(`${selector} ${domain}`)
  }
  return good
}
