import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFields } from '#shared/administration/fields.ts'
import { createSrsAdministration } from '#shared/administration/srs.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'

let world: Administered
beforeEach(async () => {
  world = await openAdministration()
})
afterEach(() => world[Symbol.asyncDispose]())

it('tells whom a rewritten sender stands for, and that no other does', async () => {
  const { srs } = world.administration
  const { bounceAddresses } = world.pipeline.backend
  expect(await srs.show('SRS0=aaaaaa=AA=far.test=ann@example.test')).toEqual({ kind: 'forged' })
  const made = await bounceAddresses.wrap('ann@far.test')
  expect(await srs.show(made)).toEqual({ kind: 'sender', address: 'ann@far.test' })
  expect(await srs.show(made.replace('=ann', '=bob'))).toEqual({ kind: 'forged' })
  expect(await srs.show(made.replace('example.test', 'other.test'))).toEqual({ kind: 'none' })
  expect(await srs.show('nonsense@')).toMatchObject({ kind: 'bad-value' })
})

it('has another secret sign, of which only the number is told', async () => {
  const { srs } = world.administration
  expect(await srs.rotate()).toEqual({ kind: 'rotated', secrets: 1 })
  expect(await srs.rotate()).toEqual({ kind: 'rotated', secrets: 2 })
  expect(world.changes.at(-1)).toEqual({
    what: 'srs',
    name: 'secrets',
    before: null,
    after: { secrets: 2 },
  })
})

it('changes none that stand in a file', async () => {
  const srsSecrets = { forVerifying: async () => ['a'] }
  const deps = { bounceAddresses: world.pipeline.backend.bounceAddresses, srsSecrets }
  const srs = createSrsAdministration(
    { ...deps, record: () => {} },
    createFields({ defaultDomain: '' }),
  )
  expect(await srs.rotate()).toEqual({ kind: 'in-file' })
  expect(await srs.bring(['b'])).toMatchObject({ kind: 'setting-locked', value: 'srsSecretsFile' })
})
