// All mail of an account as files: begun, made by a job in volumes, fetched, read again, and gone when its time is over. Run by each driver.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import type { Backend } from '#services/assembly/backend.ts'
import { createBackend } from '#services/assembly/backend.ts'
import { assembleJobRunner } from '#services/assembly/jobs.ts'
import { assembleCollector } from '#services/assembly/pipeline.ts'
import { TAKEOUT_KEPT_MS, TAKEOUT_OBJECTS } from '#shared/administration/takeouts/records.ts'
import { TAKEOUT_RATE, TAKEOUTS_MAX } from '#shared/administration/takeouts/takeouts.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { JOB_LEASE_MS, STARTS_MAX } from '#shared/jobs/runner.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import { bytesOf, type OwnMailbox, ownFolders } from '#shared/moving/export/own-mailbox.ts'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Store } from '#shared/storage/ports.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'
import { only } from '#test/support/own-mailbox.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { tableLike } from '#test/support/table-like.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

type Opened = { readonly store: Store; close(): Promise<void> }

/** Some 30 messages of a kilobyte; a large one has one of its own. */
const volumeLimits = { bytes: 20_000, messages: 12 }

export function describeTakeouts(open: (clock: Clock) => Promise<Opened>): void {
  let resources: AsyncDisposableStack
  let clock: ReturnType<typeof manualClock>
  let pipeline: Pipeline
  let api: TestApi
  let folder: string
  let ann: Awaited<ReturnType<Pipeline['addAccount']>>
  let holder: typeof owner

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    clock = manualClock(Date.now())
    const { store, close } = await open(clock)
    resources.defer(close)
    pipeline = createPipeline(store, clock)
    api = openApi(pipeline.backend)
    folder = resources.use(await temporaryFolder()).path
    ann = await pipeline.addAccount('ann@example.test')
    holder = as(ann)
  }, 60_000)
  afterEach(() => resources.disposeAsync())

  /** Signed in by a browser, a moment ago. */
  const as = ({ id }: { readonly id: AccountId }, role: typeof owner.role = 'holder') => ({
    ...owner,
    ...{ accountId: id, name: 'somebody', role, via: 'cookie' as const },
    get steppedUpMs() {
      return clock.now()
    },
  })
  const at = '/accounts/ann@example.test/exports'

  function ownMailbox({ mailbox, store }: Backend, accountId: AccountId): OwnMailbox {
    const { objects } = store
    return { account: '', accountId, mailbox, objects, scripts: async () => [] }
  }

  async function put(path: string, texts: readonly string[]): Promise<void> {
    const { mailbox } = pipeline.backend
    const created = await mailbox.folders.create(ann.id, path, [])
    const to =
      created.kind === 'created' ? created.folder : must(await mailbox.folders.find(ann.id, path))
    for (const [i, text] of texts.entries()) {
      const received = await mailbox.receive(only(Buffer.from(text)))
      await received.commit()
      const appended = await mailbox.append(to, {
        blob: received.blob,
        flags: flagSet(i % 3 === 0 ? ['\\Seen', '$Label1'] : i % 3 === 1 ? ['\\Flagged'] : []),
        internalDateMs: 1_000_000_000_000 + i * 60_000,
        prepend: '',
        once: false,
        unended: !received.endsLine,
      })
      expect(appended.kind).toBe('appended')
    }
  }

  const text = (n: number | string, bytes = 1_000) =>
    `Subject: ${n}\r\nMessage-ID: <${n}@x>\r\n\r\n${'all kinds of work\r\n'.repeat(bytes / 18)}`

  /** Four folders with 39 messages, one of which is larger than a volume; one is empty. */
  async function fill(): Promise<void> {
    const some = (name: string, count: number) =>
      Array.from({ length: count }, (_, n) => text(`${name} ${n}`))
    await put('INBOX', some('in', 25))
    await put('Work/Küche', [...some('work', 3), text('large', 50_000), ...some('more', 8)])
    await put('Empty', [])
    await put('Zoo', some('zoo', 2))
    await pipeline.backend.mailbox.subscriptions.subscribe(ann.id, 'Work/Küche')
  }

  const work = (backend = pipeline.backend) => {
    clock.advance(1_000)
    const signal = new AbortController().signal
    return assembleJobRunner(backend, { volumeLimits }).run({ signal })
  }

  async function made(format = 'maildir') {
    const begun = await api.ask(`POST ${at}`, { format }, { as: holder })
    expect(begun).toMatchObject({ status: 202, body: { kind: 'mail-export', state: 'waiting' } })
    await work()
    return await listed()
  }
  const listed = async () => (await api.ask(`GET ${at}`, undefined, { as: holder })).body.data

  async function fetchVolume(job: string, number: number, headers: Record<string, string> = {}) {
    const url = `https://mx.example.test/api/v1${at}/${job}/volumes/${number}`
    const response = await api.fetch(new Request(url, { headers }), holder)
    return { response, bytes: Buffer.from(await response.arrayBuffer()) }
  }

  /** Fetched and unpacked, each into a folder of its own. */
  async function unpacked(one: { job: { id: string }; volumes: readonly { number: number }[] }) {
    const places: string[] = []
    for (const { number } of one.volumes) {
      const { bytes } = await fetchVolume(one.job.id, number)
      const zip = join(folder, `${number}.zip`)
      await writeFile(zip, bytes)
      expect(await runProgram('unzip', ['-tq', zip])).toMatchObject({ code: 0 })
      const place = join(folder, String(number))
      await runProgram('unzip', ['-q', zip, '-d', place])
      places.push(place)
    }
    return places
  }

  /** What there is of each folder: uid, flags, date, bytes. */
  async function truth(accountId: AccountId) {
    const own = ownMailbox(pipeline.backend, accountId)
    const found: { [path: string]: unknown } = {}
    for (const { path, folder: of } of await ownFolders(own)) {
      const { messages } = await own.mailbox.snapshot(of)
      if (messages.length === 0) continue
      found[path] = await Promise.all(
        messages.map(async (message) => {
          const bytes = must(await bytesOf(own, message))
          const whole = Buffer.concat(await Array.fromAsync(bytes)).toString('latin1')
          const { uid, flags, internalDateMs } = message
          return [uid, [...flags].toSorted(), internalDateMs, whole]
        }),
      )
    }
    return found
  }

  async function brought(
    places: readonly string[],
    openOne: (place: string) => Promise<MailSource>,
  ) {
    const bob = await pipeline.addAccount('bob@example.test')
    const { mailImports } = assembleAdministration(pipeline.backend, () => {})
    for (const place of places) {
      const options = { dryRun: false, deletions: 'follow', signal: undefined } as const
      const source = await openOne(place)
      const bringing = await mailImports.bring({ account: 'bob@example.test', source, options })
      if (bringing.kind !== 'bringing') throw new Error(bringing.kind)
      for await (const _ of bringing.steps);
    }
    return bob
  }

  const objects = async () => (await pipeline.backend.store.objects.list(TAKEOUT_OBJECTS)).items

  describe.skipIf(!isInstalled('unzip'))('what comes out', () => {
    it('are volumes, each whole, which read one after the other are the mailbox', async () => {
      await fill()
      const [one] = await made()
      expect(one.job).toMatchObject({
        ...{ state: 'done', done: 39, failed: 0, total: 39, hasOutput: false },
        about: { account: 'ann@example.test', format: 'maildir' },
        counts: { messages: 39 },
      })
      expect(one.volumes.length).toBeGreaterThanOrEqual(5)
      const bob = await brought(await unpacked(one), openMaildir)
      expect(await truth(bob.id)).toEqual(await truth(ann.id))
      const { mailbox } = pipeline.backend
      expect(await mailbox.folders.find(bob.id, 'Empty')).toBeDefined()
      expect(await mailbox.subscriptions.list(bob.id)).toContain('Work/Küche')
      // Whoever reads only the first volumes has not said that no other uid comes.
      const inbox = must(await mailbox.folders.find(bob.id, 'INBOX'))
      expect(inbox.uidNext).toBe(26)
    }, 120_000)

    it('are mboxes, where these are wanted', async () => {
      await fill()
      const [one] = await made('mbox')
      const bob = await brought(await unpacked(one), (place) => openMbox(place))
      const told = Object.values(await truth(bob.id)).flat()
      expect(told).toHaveLength(39)
    }, 120_000)

    it('is one volume of a mailbox without mail', async () => {
      const [one] = await made()
      expect(one).toMatchObject({ job: { state: 'done', done: 0 }, volumes: [{ messages: 0 }] })
      await unpacked(one)
    }, 60_000)
  })

  it('goes on with the volume that was under way, where it was killed', async () => {
    await fill()
    await api.ask(`POST ${at}`, { format: 'maildir' }, { as: holder })
    const { backend } = pipeline
    const { counters } = backend.store.tables
    let volumes = 0
    let isDead = false
    const dying = tableLike(counters, {
      async transact(writes) {
        isDead ||= volumes === 3
        if (isDead) throw new Error('killed')
        await counters.transact(writes)
      },
    })
    const store: Store = {
      ...backend.store,
      tables: { ...backend.store.tables, counters: dying },
      objects: {
        ...objectsLike(backend.store.objects),
        async put(key, source) {
          const stored = await backend.store.objects.put(key, source)
          volumes++
          return stored
        },
      },
      [Symbol.asyncDispose]: async () => {},
    }
    await work(createBackend({ ...backend, store }))
    const [half] = await listed()
    expect(half.job.state).toBe('running')
    expect(half.volumes).toHaveLength(2)
    // Of what is being made nothing is anybody's garbage.
    expect(await assembleCollector(backend).sweepTakeouts()).toBe(0)
    expect(await objects()).toHaveLength(3)
    clock.advance(2 * JOB_LEASE_MS)
    await work()
    const [one] = await listed()
    expect(one.job).toMatchObject({ state: 'done', done: 39, counts: { messages: 39 } })
    const total = one.volumes.reduce(
      (sum: number, { messages }: { messages: number }) => sum + messages,
      0,
    )
    expect(total).toBe(39)
    // What the killed one left is the collector's.
    expect(await objects()).toHaveLength(one.volumes.length + 1)
    expect(await assembleCollector(backend).sweepTakeouts()).toBe(1)
    expect(await objects()).toHaveLength(one.volumes.length)
  }, 120_000)

  it('is given up where a volume is left half done again and again', async () => {
    await fill()
    await api.ask(`POST ${at}`, { format: 'maildir' }, { as: holder })
    const { backend } = pipeline
    const { counters } = backend.store.tables
    const lossy = tableLike(counters, {
      async transact(writes) {
        const isVolume = writes.some((one) => 'put' in one && one.put.sk.startsWith('O#'))
        if (isVolume) throw new Error('killed')
        await counters.transact(writes)
      },
    })
    const store: Store = {
      ...backend.store,
      tables: { ...backend.store.tables, counters: lossy },
      [Symbol.asyncDispose]: async () => {},
    }
    for (let n = 0; n <= STARTS_MAX; n++) {
      const [one] = await listed()
      expect([one.job.state, one.job.done]).toEqual([
        n === 0 ? 'waiting' : 'running',
        expect.any(Number),
      ])
      await work(createBackend({ ...backend, store }))
      clock.advance(3_600_000)
    }
    const [one] = await listed()
    expect(one).toMatchObject({
      job: { state: 'failed', failure: { kind: 'given-up', attempts: STARTS_MAX } },
      volumes: [],
    })
    const left = (await objects()).length
    expect(left).toBe(STARTS_MAX)
    expect(await assembleCollector(backend).sweepTakeouts()).toBe(left)
  }, 120_000)

  it('is fetched whole or by a range, as a file with a name', async () => {
    await fill()
    const [{ job, volumes }] = await made()
    const { response, bytes } = await fetchVolume(job.id, 1)
    expect(response.status).toBe(200)
    expect(bytes.length).toBe(volumes[0].bytes)
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    const day = job.createdAt.slice(0, 10)
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="mail-ann@example.test-${day}-1.zip"`,
    )
    const part = await fetchVolume(job.id, 1, { range: 'bytes=10-19' })
    expect(part.response.status).toBe(206)
    expect(part.bytes).toEqual(bytes.subarray(10, 20))
    expect(part.response.headers.get('content-range')).toBe(`bytes 10-19/${bytes.length}`)
    const rest = await fetchVolume(job.id, 1, {
      range: `bytes=${bytes.length - 5}-`,
      'if-range': must(response.headers.get('etag')),
    })
    expect([rest.response.status, rest.bytes]).toEqual([206, bytes.subarray(-5)])
    const other = await fetchVolume(job.id, 2, { range: 'bytes=0-3', 'if-range': '"another"' })
    expect(other.response.status).toBe(200)
    const beyond = await fetchVolume(job.id, 1, { range: `bytes=${bytes.length}-` })
    expect(beyond.response.status).toBe(416)
    for (const number of [0, volumes.length + 1]) {
      expect((await fetchVolume(job.id, number)).response.status).toBeGreaterThanOrEqual(400)
    }
  }, 60_000)

  it('is deleted when its time is over, or somebody deletes it', async () => {
    await put('INBOX', [text(1)])
    const [first] = await made()
    const { sweepTakeouts } = assembleCollector(pipeline.backend)
    clock.advance(Date.parse(first.endsAt) - clock.now() - 60_000)
    expect(await sweepTakeouts()).toBe(0)
    expect((await fetchVolume(first.job.id, 1)).response.status).toBe(200)
    clock.advance(120_000)
    expect((await fetchVolume(first.job.id, 1)).response.status).toBe(404)
    expect(await listed()).toEqual([])
    expect(await sweepTakeouts()).toBe(1)
    const [second] = await made()
    expect(second.volumes).toHaveLength(1)
    const removed = await api.ask(`DELETE ${at}/${second.job.id}`, undefined, { as: holder })
    expect(removed.status).toBe(204)
    expect((await fetchVolume(second.job.id, 1)).response.status).toBe(404)
    expect(await sweepTakeouts()).toBe(1)
    expect(await objects()).toEqual([])
    expect(Date.parse(first.endsAt) - Date.parse(first.job.endedAt)).toBe(TAKEOUT_KEPT_MS)
  }, 60_000)

  it('ends where it is deleted while it is made, and another may be begun then', async () => {
    await fill()
    const begun = await api.ask(`POST ${at}`, {}, { as: holder })
    const again = await api.ask(`POST ${at}`, {}, { as: holder })
    expect(again).toMatchObject({ status: 409, body: { code: 'export-under-way' } })
    const removed = await api.ask(`DELETE ${at}/${begun.body.id}`, undefined, { as: holder })
    expect(removed.status).toBe(204)
    await work()
    const job = await api.ask(`GET /jobs/${begun.body.id}`, undefined, { as: holder })
    expect(job.body.state).toBe('cancelled')
    expect(await made()).toHaveLength(1)
  }, 60_000)

  it('goes with its account, also while it is made', async () => {
    await put('INBOX', [text(1)])
    await made()
    await api.ask(`POST ${at}`, {}, { as: holder })
    const administration = assembleAdministration(pipeline.backend, () => {})
    await administration.accounts.remove('ann@example.test')
    expect((await api.ask(`GET ${at}`)).status).toBe(404)
    await work()
    const { items } = await pipeline.backend.jobs.page({ limit: 1 })
    expect(items).toMatchObject([{ state: 'failed', failure: { kind: 'export-gone' } }])
    expect(await assembleCollector(pipeline.backend).sweepTakeouts()).toBe(1)
    expect(await objects()).toEqual([])
  }, 60_000)

  it('is begun so often a day, and told to whoever has the account', async () => {
    await put('INBOX', [text(1)])
    for (let n = 0; n < TAKEOUTS_MAX; n++) await made()
    const full = await api.ask(`POST ${at}`, {}, { as: holder })
    expect(full).toMatchObject({ status: 409, body: { code: 'too-many' } })
    const remove = async () => {
      const [one] = await listed()
      await api.ask(`DELETE ${at}/${one.job.id}`, undefined, { as: holder })
    }
    for (let n = TAKEOUTS_MAX; n < TAKEOUT_RATE.capacity; n++) {
      await remove()
      await made()
    }
    await remove()
    const over = await api.ask(`POST ${at}`, {}, { as: holder })
    expect(over).toMatchObject({ status: 429, body: { code: 'export-too-often' } })
    await pipeline.settle()
    const letters = (await pipeline.inbox('ann@example.test'))
      .map(decoded)
      .filter((mail) => mail.includes('All of your mail is being exported'))
    expect(letters).toHaveLength(TAKEOUT_RATE.capacity)
    expect(letters[0]).toContain('Somebody who has signed in as ann@example.test')
    expect(api.audited.filter(({ operation }) => operation === 'mailExports.create')).toHaveLength(
      TAKEOUT_RATE.capacity + 2,
    )
  }, 60_000)

  it('is for who has the account, and has just proved it', async () => {
    await put('INBOX', [text(1)])
    const [{ job }] = await made()
    const stolen = { ...holder, steppedUpMs: null }
    for (const line of [`POST ${at}`, `GET ${at}/${job.id}/volumes/1`]) {
      const body = line.startsWith('POST') ? {} : undefined
      const answer = await api.ask(line, body, { as: stolen })
      expect(answer).toMatchObject({ status: 403, body: { code: 'step-up-required' } })
    }
    // To look, and to end what a thief began, must not wait.
    expect((await api.ask(`GET ${at}`, undefined, { as: stolen })).status).toBe(200)
    const stranger = as(await pipeline.addAccount('eve@example.test'))
    for (const line of [`POST ${at}`, `GET ${at}`, `GET ${at}/${job.id}/volumes/1`]) {
      const body = line.startsWith('POST') ? {} : undefined
      expect((await api.ask(line, body, { as: stranger })).status).toBe(404)
    }
    // By a way of her own to what is not hers.
    const crooked = `/accounts/eve@example.test/exports/${job.id}`
    expect((await api.ask(`GET ${crooked}/volumes/1`, undefined, { as: stranger })).status).toBe(
      404,
    )
    expect((await api.ask(`DELETE ${crooked}`, undefined, { as: stranger })).status).toBe(404)
    expect(await listed()).toHaveLength(1)
  }, 60_000)

  it('is an owner`s where a setting lets him read what others wrote', async () => {
    await put('INBOX', [text(1)])
    const olga = as(await pipeline.addAccount('olga@example.test'), 'owner')
    await pipeline.backend.directory.roles.set(olga.accountId, { name: 'owner', domains: [] })
    const [{ job }] = await made()
    const off = { status: 403, body: { code: 'switched-off' } }
    expect(await api.ask(`POST ${at}`, {}, { as: olga })).toMatchObject(off)
    const look = `GET ${at}/${job.id}/volumes/1`
    expect((await api.ask(`GET ${at}/${job.id}/volumes/01`)).status).toBe(404)
    expect(await api.ask(look, undefined, { as: olga })).toMatchObject(off)
    const settings = { ...pipeline.backend.settings, operatorsReadMail: true }
    const open = openApi({ ...pipeline.backend, settings })
    expect((await open.ask(look, undefined, { as: olga })).status).toBe(200)
    expect((await open.ask(`POST ${at}`, {}, { as: olga })).status).toBe(202)
    await work()
    await pipeline.settle()
    expect((await listed()).map((one: { job: { state: string } }) => one.job.state)).toEqual([
      'done',
      'done',
    ])
    const mail = (await pipeline.inbox('ann@example.test')).map(decoded)
    expect(mail.some((one) => one.includes('Whoever runs mx.example.test began'))).toBe(true)
  }, 60_000)
}

/** A letter of ours: its text is in base64. */
function decoded(mail: string): string {
  const [header = '', body = ''] = mail.split('\r\n\r\n')
  return `${header}\n${Buffer.from(body, 'base64').toString()}`
}

const objectsLike = (objects: Store['objects']): Store['objects'] => ({
  put: (...given) => objects.put(...given),
  stage: (...given) => objects.stage(...given),
  read: (...given) => objects.read(...given),
  stream: (...given) => objects.stream(...given),
  size: (...given) => objects.size(...given),
  delete: (...given) => objects.delete(...given),
  list: (...given) => objects.list(...given),
})
