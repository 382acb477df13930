import { describe, expect, it } from 'vitest'
import { Secret } from '#services/aws/secrets.ts'
import { openSecrets } from '#test/support/acme/secrets-manager.ts'

describe('Secret', () => {
  it('has no version before the first is written', async () => {
    await using secrets = await openSecrets(['empty'])
    const secret = new Secret(secrets.client, 'empty')
    expect(await secret.read()).toBeUndefined()
    expect(await secret.read('AWSPREVIOUS')).toBeUndefined()
  })

  it('keeps the version before the current one', async () => {
    await using secrets = await openSecrets(['text'])
    const secret = new Secret(secrets.client, 'text')
    await secret.write('first')
    await secret.write('second')
    const [current, previous] = [await secret.read(), await secret.read('AWSPREVIOUS')]
    expect([current?.text, previous?.text]).toEqual(['second', 'first'])
    expect(current?.versionId).not.toBe(previous?.versionId)
  })

  it('fails with the words of Secrets Manager', async () => {
    await using secrets = await openSecrets(['other'])
    const missing = new Secret(secrets.client, 'missing')
    await expect(missing.write('text')).rejects.toThrow('PutSecretValue: ResourceNotFoundException')
  })
})
