import { describe, expect, it } from 'vitest'
import { parseUpdateKey } from '#services/certificates/acme/dns-update.ts'

const secret = Buffer.from('a secret of 32 bytes, more or less')
const base64 = secret.toString('base64')

describe('a key for dynamic updates', () => {
  it.each([
    `key "postwolke.example" {\n\talgorithm hmac-sha256;\n\tsecret "${base64}";\n};\n`,
    `// the key of zone {\nkey postwolke.example { secret "${base64}"; };`,
    `key postwolke.example{secret ${base64}`,
    `postwolke.example:${base64}\n`,
  ])('is read from %j', (text) => {
    expect(parseUpdateKey(text)).toEqual({ name: 'postwolke.example', secret })
  })

  it.each([
    '',
    'key',
    'key "a" {',
    'key "a" { algorithm hmac-sha256; };',
    'key "a" { secret',
    `key "a b" { secret "${base64}"; };`,
    `key "a" { } secret "${base64}";`,
    `hmac-sha256:postwolke.example:${base64}`,
    'postwolke.example:no',
    `:${base64}`,
    `${'a'.repeat(254)}:${base64}`,
    `key "a" { secret "${'a'.repeat(201)}"; };`,
    `${' '.repeat(4_096)}postwolke.example:${base64}`,
  ])('is not %j', (text) => {
    expect(parseUpdateKey(text)).toBeUndefined()
  })
})
