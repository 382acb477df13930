import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signData } from '#services/client-setup/signed-data.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { must } from '#test/support/must.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const now = new Date()

describe.skipIf(!isInstalled('openssl'))('signed data', () => {
  async function verify(pair: { key: string; cert: string }, change = (signed: Buffer) => signed) {
    await using folder = await temporaryFolder()
    const file = (name: string) => join(folder.path, name)
    const content = Buffer.from(`<plist>${'é'.repeat(70_000)}</plist>\n`)
    await writeFile(file('signed'), change(Buffer.from(must(signData(content, pair, now)))))
    await writeFile(file('root.pem'), pair.cert)
    const words = ['smime', '-verify', '-inform', 'DER', '-in', file('signed'), '-binary']
    const trust = ['-CAfile', file('root.pem'), '-purpose', 'any']
    const { code, stdout } = await runProgram('openssl', [...words, ...trust])
    return code === 0 && stdout === content.toString()
  }

  it('of an EC key is verified by openssl, and not when it was changed', async () => {
    const pair = makeSelfSigned('mx.ours.test', now)
    expect(await verify(pair)).toBe(true)
    const changed = (signed: Buffer) => {
      const at = signed.indexOf('<plist>')
      signed.write('<PLIST>', at)
      return signed
    }
    expect(await verify(pair, changed)).toBe(false)
  })

  it('of an RSA key, too', async () => {
    await using folder = await temporaryFolder()
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const keyFile = join(folder.path, 'key.pem')
    await writeFile(keyFile, privateKey)
    const words = ['req', '-x509', '-new', '-key', keyFile, '-subj', '/CN=mx', '-days', '30']
    const { stdout: cert } = await runProgram('openssl', words)
    expect(await verify({ key: privateKey, cert })).toBe(true)
  })

  it('of another key is none', () => {
    const { privateKey: key } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const { cert } = makeSelfSigned('mx.ours.test', now)
    expect(signData(Buffer.from('x'), { key, cert }, now)).toBeUndefined()
  })
})
