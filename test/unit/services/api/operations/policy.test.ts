// Policy over HTTP: why somebody is refused, and what would let him in.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { openFakeDns } from '#test/support/fake-dns.ts'
import { recipientRequest, stranger } from '#test/support/policy-facts.ts'

let world: Administered
let api: TestApi
/** Nothing of it asks the DNS. */
const set = [
  'policyRecordLifetime=90d',
  'policyPreset=open',
  'smtpdHeloRestrictions=reject_invalid_helo_hostname',
]

beforeAll(async () => {
  world = await openAdministration(set)
  const { backend } = world.pipeline
  api = openApi({
    ...backend,
    loadSettings: async (stored) => loadSettings({ environment: {}, overrides: set, stored }),
  })
  await world.pipeline.addAccount('ann@example.test')
  const recorder = assembleRecorder(backend)
  const policy = assemblePolicy(backend, { openDns: openFakeDns(), recorder })
  await policy.recipient(
    recipientRequest({
      queueId: newQueueId(backend.clock.now()),
      origin: { ...stranger, helo: '-bad-' },
    }),
  )
  await policy.settle()
})
afterAll(() => world[Symbol.asyncDispose]())

const asked = { client: '198.51.100.7', helo: '-bad-', recipient: 'ann@example.test' }

it('says rule by rule why somebody is refused, and counts nothing', async () => {
  const { status, body } = await api.ask('POST /policy:explain', asked)
  expect(status).toBe(200)
  const [first] = body.data
  expect(first.verdict).toMatchObject({
    kind: 'reject',
    restriction: 'reject_invalid_helo_hostname',
  })
  expect(first.steps).toContainEqual(
    expect.objectContaining({ restriction: 'reject_invalid_helo_hostname', said: 'reject' }),
  )
})

it.each([
  ['a client that is none', { ...asked, client: 'mx.bad' }, 422, 'bad-value'],
  ['a login that is none', { ...asked, login: 'nobody@example.test' }, 422, 'no-such-account'],
])('does not know %s', async (_, body, status, code) => {
  const answered = await api.ask('POST /policy:explain', body)
  expect({ status: answered.status, code: answered.body.code }).toEqual({ status, code })
})

it('says what another setting would have made of the mail that came', async () => {
  const same = await api.ask('POST /policy:rehearse', { since: '1h' })
  expect(same.body).toMatchObject({ decisions: 1, changed: { count: 0 } })
  const changes = { smtpdClientRestrictions: 'reject' }
  const other = await api.ask('POST /policy:rehearse', { since: '1h', changes })
  // Who is refused is named, and his name was not asked for then.
  expect(other.body).toMatchObject({
    changed: { count: 0 },
    undecided: { count: 1, kinds: [{ kind: 'PTR of names' }] },
  })
  const wrong = { smtpdClientRestrictions: 'no_such_word' }
  expect((await api.ask('POST /policy:rehearse', { changes: wrong })).status).toBe(422)
})

it('shows the lists to whoever runs the system, and to nobody else', async () => {
  const { body } = await api.ask('GET /policy')
  expect(body.data).toContainEqual({
    setting: 'smtpdHeloRestrictions',
    restrictions: 'reject_invalid_helo_hostname',
  })
  const as = { ...owner, role: 'holder', accountId: 'a1' } as never
  expect((await api.ask('POST /policy:explain', asked, { as })).status).toBe(403)
})
