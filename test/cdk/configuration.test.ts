import { describe, expect, it } from 'vitest'
import { formatProblem } from '#shared/settings/problems.ts'
import { readDeployment } from '#test/support/deployment/project.ts'
import { loadDeployment } from '../../cdk/configuration.ts'
import { LISTENERS_PER_SERVICE_MAX, listenerNames } from '../../cdk/listeners.ts'
import { presets } from '../../cdk/presets.ts'
import { deploymentFiles } from './deployment-files.ts'

/** A file that is right but for what a case says. */
function file(changes: string, without: readonly string[] = []): string {
  const lines = [
    'hostname = "mail.example.org"',
    'hostedZoneId = "Z0123456789"',
    'hostedZoneName = "example.org"',
    'relayhost = "[relay.example.org]:587"',
  ]
  const given = [
    ...without,
    ...[...(changes.split('[mail]')[0] ?? '').matchAll(/^(\w+) =/gm)].map(([, key]) => key),
  ]
  const kept = lines.filter((line) => !given.some((key) => line.startsWith(`${key} `)))
  return [...kept, changes].join('\n')
}

function problems(text: string): readonly string[] {
  const loaded = loadDeployment({ path: 'deployment.toml', text })
  return loaded.kind === 'invalid' ? loaded.problems.map(formatProblem) : []
}

const listeners = listenerNames.join(', ')

describe('a deployment file', () => {
  it('needs a host name, a zone and a relay host, and nothing else', () => {
    expect(readDeployment(file(''))).toMatchObject({
      name: 'postwolke',
      preset: presets.standard,
      hostname: 'mail.example.org',
      hostedZone: { id: 'Z0123456789', name: 'example.org' },
      certificate: 'acme',
      clientAddress: 'preserved',
      topology: 'combined',
      listeners: ['smtp', 'submission', 'submissions', 'imaps', 'pop3s'],
      logRetentionDays: 30,
      mail: {},
    })
  })

  it('needs no zone when an operator brings the certificate', () => {
    const text = file('certificate = "operator"', ['hostedZoneId', 'hostedZoneName'])
    expect(readDeployment(text).hostedZone).toBeUndefined()
  })

  it('serves everything in separate services unless it says what', () => {
    expect(readDeployment(file('topology = "separate"')).listeners).toEqual(listenerNames)
    const some = file('topology = "separate"\nlisteners = ["smtp", "imaps"]')
    expect(readDeployment(some).listeners).toEqual(['smtp', 'imaps'])
  })

  it('takes as many listeners in one service as ECS does', () => {
    const most = listenerNames.slice(0, LISTENERS_PER_SERVICE_MAX)
    expect(readDeployment(file(`listeners = ${JSON.stringify(most)}`)).listeners).toEqual(most)
  })

  it('knows its own host name where mail settings refer to it, and hands dollar signs on', () => {
    const mail = '[mail]\nsmtpdBanner = "$hostname costs $$ 5"\nmyorigin = "$hostname"'
    expect(readDeployment(file(mail)).mail).toEqual({
      POSTWOLKE_SMTPD_BANNER: 'mail.example.org costs $$ 5',
      POSTWOLKE_MYORIGIN: 'mail.example.org',
    })
  })

  it('hands mail settings on as variables', () => {
    const mail =
      '[mail]\nmessageSizeLimit = "25MB"\nmynetworks = ["192.0.2.0/24"]\nlog.level = "debug"'
    expect(readDeployment(file(mail)).mail).toEqual({
      POSTWOLKE_MESSAGE_SIZE_LIMIT: '25MB',
      POSTWOLKE_MYNETWORKS: '192.0.2.0/24',
      POSTWOLKE_LOG__LEVEL: 'debug',
    })
  })

  it('may keep logs for another time than its preset does', () => {
    expect(readDeployment(file('preset = "hobby"')).logRetentionDays).toBe(14)
    expect(readDeployment(file('preset = "hobby"\nlogRetentionDays = 365')).logRetentionDays).toBe(
      365,
    )
  })

  it.each(Object.entries(deploymentFiles))('%s is right', (_name, text) => {
    expect(problems(text)).toEqual([])
  })
})

describe('a wrong deployment file', () => {
  it.each<[what: string, text: string, ...messages: string[]]>([
    ['no host name', file('', ['hostname']), 'hostname: has no default and must be set'],
    [
      'a short host name',
      file('hostname = "mail"'),
      "hostname cannot be 'mail' (from deployment.toml); allowed: a full host name such as mail.example.net",
    ],
    [
      'a name that is too long',
      file('name = "a-name-of-21-letters-"'),
      "name cannot be 'a-name-of-21-letters-' (from deployment.toml); allowed: a lower-case letter and up to 19 more letters, digits and hyphens",
    ],
    [
      'an unknown preset',
      file('preset = "huge"'),
      "preset cannot be 'huge' (from deployment.toml); allowed: one of hobby, standard, scale",
    ],
    [
      'a key that is nearly right',
      file('hostedZone = "example.org"'),
      'hostedZone is not a setting (from deployment.toml); did you mean hostedZoneId?',
    ],
    [
      'a mail setting outside of its table',
      file('mailboxSizeLimit = "1GB"'),
      'mailboxSizeLimit is not a setting (from deployment.toml); did you mean mail.mailboxSizeLimit?',
    ],
    [
      'a key of the deployment in the table of mail',
      file('[mail]\npreset = "hobby"'),
      'mail.preset is not a setting (from deployment.toml); did you mean preset?',
    ],
    [
      'half a zone',
      file('', ['hostedZoneName']),
      'hostedZoneId and hostedZoneName: both or neither',
    ],
    [
      'a zone that is not the host name’s',
      file('hostname = "mail.notexample.org"'),
      'hostname and hostedZoneName: mail.notexample.org is not in example.org',
    ],
    [
      'no zone to prove the host name in',
      file('', ['hostedZoneId', 'hostedZoneName']),
      'certificate and hostedZoneId: acme proves the host name in a hosted zone',
    ],
    [
      'an authority without TLS',
      file('acmeDirectoryUrl = "http://ca.example.org/"'),
      "acmeDirectoryUrl cannot be 'http://ca.example.org/' (from deployment.toml); allowed: a URL that begins with https://",
    ],
    [
      'all listeners in one service',
      file(`listeners = ${JSON.stringify(listenerNames)}`),
      'listeners and topology: ECS attaches at most 5 listeners to one service, not 8; topology = "separate" serves all of them',
    ],
    [
      'an unknown listener',
      file('listeners = ["smtp", "jmap"]'),
      `listeners cannot be 'smtp, jmap' (from deployment.toml); allowed: one or more of ${listeners}`,
    ],
    [
      'no listener',
      file('listeners = []'),
      `listeners cannot be '' (from deployment.toml); allowed: one or more of ${listeners}`,
    ],
    [
      'two ways out',
      file('egress = "ses-api"'),
      'egress and relayhost: mail leaves by SES; there is no relay host',
    ],
    [
      'a way out that is none',
      file('egress = "pigeon"'),
      "egress cannot be 'pigeon' (from deployment.toml); allowed: one of relayhost, ses-api, direct",
    ],
    [
      'no relay host',
      file('', ['relayhost']),
      'egress and relayhost: mail leaves by a relay host, which must be named',
    ],
    [
      'a relay host at a port that AWS closes',
      file('relayhost = "[relay.example.org]"'),
      'relayhost: port 25 is closed on AWS; name another, such as [host]:587',
    ],
    [
      'a round trip that nobody listens to',
      file(
        'listeners = ["smtp", "imaps"]\nprobeSecretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:probe-AbCdEf"',
      ),
      'probeSecretArn and listeners: a round trip needs submissions and imaps among the listeners',
    ],
    [
      'a login for whatever host a look-up names',
      file(
        'relayhost = "example.org:587"\nrelaySecretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:relay-AbCdEf"',
      ),
      'relayhost and relaySecretArn: a login goes to a host in brackets only',
    ],
    [
      'a secret’s name instead of its ARN',
      file('relaySecretArn = "relay"'),
      "relaySecretArn cannot be 'relay' (from deployment.toml); allowed: the whole ARN of a secret in Secrets Manager, with the six characters at its end, or nothing",
    ],
    [
      'no address',
      file('alarmEmail = "postmaster"'),
      "alarmEmail cannot be 'postmaster' (from deployment.toml); allowed: a mail address such as postmaster@example.net, or nothing",
    ],
    [
      'a mail setting that is nearly right',
      file('[mail]\nmessageSizeLimits = "25MB"'),
      'mail.messageSizeLimits is not a setting (from deployment.toml); did you mean mail.messageSizeLimit?',
    ],
    [
      'a mail setting of a wrong value',
      file('[mail]\nmessageSizeLimit = "big"'),
      "mail.messageSizeLimit cannot be 'big' (from deployment.toml); allowed: a size such as 10MB or 10485760 (1 KB = 1024 bytes), from 1 to 1GB",
    ],
    [
      'mail settings that do not go together',
      file('[mail]\nminimalBackoffTime = "2h"\nmaximalBackoffTime = "1h"'),
      'mail.minimalBackoffTime and mail.maximalBackoffTime: the first must not be longer than the second',
    ],
    [
      'files, which no function has',
      file('[mail]\nmynetworks = "/etc/networks"'),
      "mail.mynetworks cannot be '/etc/networks' (from deployment.toml): files cannot be named here",
    ],
    [
      'a key of DNS lists that everybody could read',
      file('[mail]\ndnsListKeys = "dqs=secretsecret"'),
      'mail.dnsListKeys: write the ARN of a secret that is the key, not the key itself',
    ],
    [
      'a relay login in clear',
      file(
        'relaySecretArn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:x-AbCdEf"\n[mail]\nsmtpTlsSecurityLevel = "may"',
      ),
      'relaySecretArn and mail.smtpTlsSecurityLevel: a login is sent over TLS only',
    ],
    [
      'clear text where TLS comes first',
      file('relayhost = "[relay.example.org]:465"\n[mail]\nsmtpTlsSecurityLevel = "none"'),
      'relayhost and mail.smtpTlsSecurityLevel: port 465 begins with TLS',
    ],
    [
      'mail settings that the deployment decides',
      file('[mail]\nhostname = "other.example.org"\nlisteners.smtp.port = 25'),
      'mail.hostname: the deployment decides this; see the keys outside of the table mail',
      'mail.listeners.smtp.port: the deployment decides this; see the keys outside of the table mail',
    ],
    [
      'more settings than a function can be given',
      file(
        `[mail]\nmynetworks = ${JSON.stringify(Array.from({ length: 250 }, (_, n) => `10.0.${n}.0/24`))}`,
      ),
      'mail: 3658 bytes of settings, 3638 of them of mynetworks; functions can be given 2500',
    ],
    [
      'a mail setting outside of its table',
      file('mail = "yes"'),
      'mail is not a setting (from deployment.toml); did you mean alarmEmail?',
    ],
    [
      'no TOML',
      'name = postwolke\n',
      'deployment.toml:1:8 is not TOML: invalid value; a text stands in quotes, as in hostname = "mail.example.net"',
    ],
    [
      'several mistakes at once',
      file('preset = "huge"\nname = "Post"\n[mail]\nmessageSizeLimit = "big"'),
      "name cannot be 'Post' (from deployment.toml); allowed: a lower-case letter and up to 19 more letters, digits and hyphens",
      "preset cannot be 'huge' (from deployment.toml); allowed: one of hobby, standard, scale",
      "mail.messageSizeLimit cannot be 'big' (from deployment.toml); allowed: a size such as 10MB or 10485760 (1 KB = 1024 bytes), from 1 to 1GB",
    ],
    [
      'several conflicts at once',
      file('listeners = ["smtp", "submission", "submissions", "imap", "imaps", "pop3"]', [
        'hostname',
        'relayhost',
      ]),
      'hostname: has no default and must be set',
      'listeners and topology: ECS attaches at most 5 listeners to one service, not 6; topology = "separate" serves all of them',
      'egress and relayhost: mail leaves by a relay host, which must be named',
    ],
  ])('says what is wrong: %s', (_what, text, ...messages) => {
    expect([...problems(text)].sort()).toEqual(messages.sort())
  })
})
