// `postwolke migrate workmail` as an administrator runs it, each time anew: what is done is in the store, and a server runs beside.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Route53Server, startRoute53Zone } from '#test/support/aws/route53-server.ts'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { testCredentials } from '#test/support/aws/signature.ts'
import { ORGANIZATION_ID, organization } from '#test/support/aws/workmail-organization.ts'
import { startWorkMail, type WorkMailServer } from '#test/support/aws/workmail-server.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let saved: string
let dns: DnsServer
let zone: Route53Server
let workMail: WorkMailServer

const oldMx = '10 inbound-smtp.eu-west-1.amazonaws.com.'

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  saved = resources.use(await temporaryFolder()).path
  await saveAnswers(organization, saved)
  dns = resources.use(await startDnsServer({ 'hand.test': { mx: [oldMx.slice(0, -1)] } }))
  zone = resources.use(
    await startRoute53Zone('Z0', {
      'moving.test MX': { ttl: 3_600, values: [oldMx] },
      'moving.test TXT': { ttl: 3_600, values: ['"v=spf1 include:amazonses.com ~all"'] },
      't1._domainkey.moving.test CNAME': { ttl: 1_800, values: ['t1.dkim.amazonses.com.'] },
    }),
  )
  workMail = resources.use(await startWorkMail(organization))
  await run('domain add moving.test')
  await run('domain add hand.test')
})
afterAll(() => resources.disposeAsync())
afterEach(() => void vi.useRealTimers())

const run = (line: string, answers?: readonly string[]) =>
  commandLine(
    [
      ...line.split(' '),
      ...['--data', folder, '--set', `dnsServers=${dns.address}`],
      ...['--set', 'hostname=mx.here.test', '--set', 'dnsTries=1'],
    ],
    {
      ...(answers && { answers }),
      environment: {
        AWS_ENDPOINT_URL_ROUTE_53: zone.endpoint,
        AWS_ENDPOINT_URL_WORKMAIL: workMail.endpoint,
        AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
      },
    },
  )

const go = 'migrate workmail'
const stepNow = (stdout: string) => /^now: ([a-z-]+)/m.exec(stdout)?.[1]

/** So much later, for whoever looks at the time of day. */
function later(ms: number): void {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: now + ms })
}

describe('migrate workmail by hand', () => {
  it('says that nothing is begun, and begins with a plan that changes nothing', async () => {
    const none = await run(`${go} status hand.test`)
    expect(none).toMatchObject({
      code: 68,
      stderr: expect.stringContaining('no cut-over of hand.test'),
    })
    const plan = await run(`${go} plan hand.test --ttl 600`)
    expect(plan).toMatchObject({ code: 0, stderr: '' })
    expect(stepNow(plan.stdout)).toBe('prepare')
    expect(plan.stdout).toContain('600 s, as far as anybody knows')
    expect(plan.stdout).toMatch(/^raise-ttl +later/m)
    expect((await run(`${go} status hand.test`)).stdout).toBe(plan.stdout)
  })

  it('asks for what only a person knows, then says which records lack and how Route 53 would take them', async () => {
    const asked = await run(`${go} next hand.test`)
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('--confirm says that') })
    // No server runs on the folder.
    expect(asked.stderr).toContain('warning: doctor: server: ')
    expect(stepNow((await run(`${go} next hand.test --confirm`)).stdout)).toBe('trust')
    const lacking = await run(`${go} next hand.test`)
    expect(lacking.code).toBe(1)
    expect(lacking.stderr).toContain('trust is not done')
    expect(lacking.stdout).toMatch(
      /^hand\.test +TXT +3600 +none +"v=spf1 include:amazonses\.com a:mx\.here\.test mx ~all"$/m,
    )
    expect(lacking.stdout).toContain('"Action": "UPSERT"')
  })

  it('has no zone to change', async () => {
    const none = await run(`${go} next hand.test --apply --yes`)
    expect(none).toMatchObject({ code: 64, stderr: expect.stringContaining('--route53-zone') })
    const wrong = await run(`${go} plan hand.test --ttl 1h`)
    expect(wrong).toMatchObject({ code: 64, stderr: expect.stringContaining('--ttl is a number') })
  })
})

describe('migrate workmail through Route 53', () => {
  it('changes the zone after a question alone, no earlier than may be, and back again', async () => {
    const before = JSON.stringify([...zone.sets])
    const plan = await run(`${go} plan moving.test --route53-zone Z0 --from ${saved}`)
    expect(plan).toMatchObject({ code: 0, stderr: '' })
    expect(plan.stdout).toContain('others keep the records of before for 3600 s\n')
    await run(`${go} next moving.test --confirm`)
    const refused = await run(`${go} next moving.test --apply`, ['n'])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was done') })
    expect(JSON.stringify([...zone.sets])).toBe(before)

    const trusted = await run(`${go} next moving.test --apply`, ['y'])
    expect(stepNow(trusted.stdout)).toBe('lower-ttl')
    expect(zone.sets.get('moving.test TXT')?.values).toEqual([
      '"v=spf1 include:amazonses.com a:mx.here.test mx ~all"',
    ])
    const lowered = await run(`${go} next moving.test --apply --yes`)
    expect(lowered.stdout).toMatch(/^now: switch-mx, not before 20/m)
    const early = await run(`${go} next moving.test --apply --yes`)
    expect(early).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('switch-mx not before'),
    })
    expect(zone.sets.get('moving.test MX')).toEqual({ ttl: 300, values: [oldMx] })

    later(3_600_000)
    const switched = await run(`${go} next moving.test --apply --yes`)
    expect(stepNow(switched.stdout)).toBe('first-pass')
    expect(zone.sets.get('moving.test MX')).toEqual({ ttl: 300, values: ['10 mx.here.test.'] })

    for (const step of ['switch-mx', 'lower-ttl', 'trust', 'prepare']) {
      const back = await run(`${go} back moving.test --apply --yes`)
      expect(back.stdout).toMatch(new RegExp(`^${step} is undone`))
    }
    expect(JSON.stringify([...zone.sets])).toBe(before)
  }, 120_000)

  it('says in one line what Route 53 refuses', async () => {
    zone.refusal = 'AccessDenied'
    const refused = await run(`${go} status moving.test`)
    expect(refused).toMatchObject({ code: 69, stderr: expect.stringContaining('AccessDenied') })
    zone.refusal = undefined
  })
})

describe('migrate workmail export-mail', () => {
  const options = `--organization ${ORGANIZATION_ID} --region eu-west-1`
  const target = '--bucket exports --role arn:aws:iam::1:role/r --key arn:aws:kms:eu-west-1:1:key/k'

  it('begins exports, and tells the next time how far they are', async () => {
    const begun = await run(
      `${go} export-mail ann@moving.test ben@moving.test ${options} ${target}`,
    )
    expect(begun).toMatchObject({ code: 0, stderr: '' })
    expect(begun.stdout).toMatch(/^ann@moving\.test +running +0 %/m)
    expect(workMail.jobs.size).toBe(2)
    const [job] = workMail.jobs.values()
    expect(job).toMatchObject({ EntityId: 'ann', S3BucketName: 'exports', S3Prefix: 'workmail' })
    if (job) Object.assign(job, { State: 'COMPLETED', S3Path: 'workmail/ann.zip' })
    const looked = await run(`${go} export-mail ${options}`)
    expect(looked.stdout).toMatch(/^ann@moving\.test +done +100 % +\S+ +workmail\/ann\.zip$/m)
    expect(looked.stdout).toMatch(/^ben@moving\.test +running/m)
    expect(workMail.jobs.size).toBe(2)
  })

  it('refuses whom WorkMail does not know, and half a target', async () => {
    const nobody = await run(`${go} export-mail nobody@moving.test ${options} ${target}`)
    expect(nobody).toMatchObject({
      code: 67,
      stderr: expect.stringContaining('nobody@moving.test'),
    })
    const half = await run(`${go} export-mail ${options} --bucket exports`)
    expect(half).toMatchObject({ code: 64, stderr: expect.stringContaining('go together') })
  })
})
