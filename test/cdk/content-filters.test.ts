// What a deployment needs for its content filters, and that it has nothing of it without them.

import { describe, expect, it } from 'vitest'
import { formatProblem } from '#shared/settings/problems.ts'
import { loadDeployment } from '../../cdk/configuration.ts'
import { deploymentFiles } from './deployment-files.ts'
import { permissions } from './roles.ts'
import { scale } from './syntheses.ts'
import { type Synthesis, synthesize } from './synthesis.ts'

const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:webhook-AbCdEf'
const filters = `
webhookSecretArn = "${secret}"
[mail]
contentFilters = "clamd, rspamd, webhook"
clamd.address = "clamd.mail.internal:3310"
rspamd.address = "rspamd.mail.internal:11333"
webhook.url = "https://filter.example.com/mail"
`

const reads = (synthesis: Synthesis) =>
  permissions(synthesis)
    .filter(({ role }) => role === 'smtpTaskTaskRole')
    .filter(({ action }) => action === 's3:GetObject' || action === 'secretsmanager:GetSecretValue')
    .map(({ action, resource }) => `${action} ${resource}`)

const leaves = ({ find }: Synthesis) =>
  JSON.stringify(find('AWS::EC2::SecurityGroup').map(({ Properties }) => Properties)).match(
    /"(?:clamd|rspamd|webhook)"/g,
  ) ?? []

describe('content filters', () => {
  it('let SMTP read what it spooled, sign requests, and get to them', () => {
    const with_ = synthesize(`${deploymentFiles.scale}${filters}`)
    expect(reads(with_).some((right) => right.startsWith('s3:GetObject'))).toBe(true)
    expect(reads(with_)).toContain(`secretsmanager:GetSecretValue ${secret}`)
    // The webhook by HTTPS, as any service of AWS.
    expect(leaves(with_)).toEqual(['"clamd"', '"rspamd"'])
  })

  it.each([
    ['smtpdMilters = "inet:milter.mail.internal:8891"', ['"inet:milter.mail.internal:8891"']],
    ["headerChecks = '/^Subject: x/ REJECT'", []],
    ['forbiddenAttachmentTypes = "exe"', []],
  ])('are milters and checks too: %s', (line, hosts) => {
    const synthesis = synthesize(`${deploymentFiles.scale}\n[mail]\n${line}`)
    expect(reads(synthesis).some((right) => right.startsWith('s3:GetObject'))).toBe(true)
    const groups = JSON.stringify(
      synthesis.find('AWS::EC2::SecurityGroup').map(({ Properties }) => Properties),
    )
    expect(groups.match(/"inet:[^"]*"/g) ?? []).toEqual(hosts)
  })

  it('are nothing that SMTP has a right for where there are none', () => {
    expect(reads(scale).filter((right) => right.startsWith('s3:'))).toEqual([])
    expect(leaves(scale)).toEqual([])
  })

  it.each([
    [
      '[mail]\ncontentFilters = "clamd"',
      'mail.contentFilters and mail.clamd.address: containers reach a filter by host and port only',
    ],
    [
      '[mail]\nsmtpdMilters = "unix:/run/milter"',
      'mail.smtpdMilters: containers reach a filter by host and port only',
    ],
    [
      `webhookSecretArn = "${secret}"`,
      'webhookSecretArn and mail.contentFilters: there is no webhook whose requests it could sign',
    ],
  ])('that nobody reaches are refused: %s', (lines, expected) => {
    const text = `${deploymentFiles.scale}\n${lines}`
    const loaded = loadDeployment({ path: 'deployment.toml', text })
    if (loaded.kind === 'ok') throw new Error('taken')
    expect(loaded.problems.map(formatProblem)).toEqual([expected])
  })
})
