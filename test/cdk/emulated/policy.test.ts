// What strangers are asked where the function decides: lists, tables, names in DNS, weights, and DATA; early where they are not delayed.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import { addAccounts, ann, operate, takeMail } from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { startDnsServer } from '#test/support/dns-server.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment

describeDeployed('policy', () => {
  beforeAll(async () => {
    const dns = resources.use(
      await startDnsServer({
        'known.test': { mx: ['10 mx.known.test'], a: ['198.51.100.1'] },
        'mx.known.test': { a: ['198.51.100.1'] },
        'bad.test.dbl.test': { a: ['127.0.1.2'] },
        'bad.test': { a: ['198.51.100.2'] },
        'heavy.test': { a: ['198.51.100.3'] },
        'heavy.test.weights.test': { a: ['127.0.0.2'] },
      }),
    )
    const file = deploymentFile(
      {},
      [
        'policyPreset = "open"',
        `dnsServers = "${dns.address}"`,
        'dnsListTest = "no"',
        'smtpdDelayReject = "no"',
        'smtpdHeloRestrictions = "check_helo_access table:helos"',
        'smtpdSenderRestrictions = "check_sender_access table:senders, reject_unknown_sender_domain, reject_rhsbl_sender dbl.test"',
        'smtpdRecipientRestrictions = "check_recipient_access table:recipients, check_policy_service policyd-weight, check_policy_service postgrey"',
        'smtpdDataRestrictions = "reject_multi_recipient_bounce"',
        'weightDnsLists = ""',
        'weightRhsLists = "weights.test 200 0 HEAVY"',
        // Who connects here has no name, and is no server of its sender.
        'weightRejectLevel = 100',
        'postgreyRecipients = "grey@example.test"',
        'postgreyShippedLists = "no"',
        'postgreyDelay = "1s"',
      ].join('\n'),
    )
    deployment = await deploy(resources, file)
    await addAccounts(deployment, ann)
    await operate(deployment, ['alias', 'add', 'grey@example.test', ann.address])
    await operate(deployment, ['access', 'set', 'helos', 'liar.test', 'REJECT not you'])
    await operate(deployment, ['access', 'set', 'senders', 'enemy@known.test', 'REJECT'])
    await operate(deployment, ['access', 'set', 'recipients', 'shut@example.test', '450 later'])
  })
  afterAll(() => resources.disposeAsync())

  async function connect(helo = 'mx.known.test'): Promise<SmtpClient> {
    const smtp = await SmtpClient.open(deployment.port(25))
    await smtp.command(`EHLO ${helo}`)
    return smtp
  }

  it('refuses early, at MAIL, what senders are refused for', async () => {
    await using smtp = await connect()
    const mail = async (sender: string) => (await smtp.command(`MAIL FROM:<${sender}>`)).text
    await eventually('the table is asked', async () =>
      (await mail('enemy@known.test')).startsWith('554 5.7.1 <enemy@known.test>: Sender address'),
    )
    expect(await mail('s@unknown.test')).toMatch(/^450 4\.1\.8 .*Domain not found/)
    expect(await mail('s@bad.test')).toMatch(/^554 5\.7\.1 .*blocked using dbl\.test/)
    expect(await mail('s@known.test')).toMatch(/^250 /)
    expect(await mail('s@known.test')).toMatch(/^503 /)
  })

  it('refuses early, at EHLO, what a table says of that', async () => {
    await using smtp = await SmtpClient.open(deployment.port(25))
    expect((await smtp.command('EHLO liar.test')).text).toMatch(/^554 5\.7\.1 <liar\.test>/)
  })

  it('asks tables about recipients, and greylists', async () => {
    const rcpt = async (recipient: string) => {
      await using smtp = await connect()
      await smtp.command('MAIL FROM:<s@known.test>')
      return (await smtp.command(`RCPT TO:<${recipient}>`)).text
    }
    expect(await rcpt('shut@example.test')).toMatch(/^450 4\.7\.1 .*later/)
    expect(await rcpt('grey@example.test')).toMatch(/^450 4\.2\.0 .*Greylisted/)
    await eventually('a second try that is taken', async () =>
      (await rcpt('grey@example.test')).startsWith('250'),
    )
  })

  it('weighs who sends, and says so in the message', async () => {
    await using smtp = await connect()
    await smtp.envelope('s@known.test', ann.address)
    expect((await smtp.data('Subject: weighed\r\n\r\n')).text).toMatch(/^250 /)
    const [mail = ''] = await takeMail(deployment, ann)
    expect(mail).toMatch(/\r\nX-policyd-weight: /)
    // The last of its client: who was refused is refused again for a while.
    const refused = await smtp.envelope('s@heavy.test', ann.address)
    expect(refused.text).toMatch(/^550 5\.7\.1 .*Mail appeared to be SPAM or forged/)
  })

  it('refuses at DATA what all recipients are known for', async () => {
    await using smtp = await connect()
    await smtp.command('MAIL FROM:<>')
    for (const to of [ann.address, 'postmaster']) await smtp.command(`RCPT TO:<${to}>`)
    expect((await smtp.command('DATA')).text).toMatch(/^550 5\.5\.3 .*Multi-recipient bounce/)
  })

  it('needs no more rights than the roles have', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })
})
