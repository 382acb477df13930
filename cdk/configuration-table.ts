// Every key of the deployment file.

import { domain, domainList, hostName, nextHop } from '#shared/settings/address-kinds.ts'
import { choice } from '#shared/settings/kinds.ts'
import { type Kind, Setting, type SettingGroup, type ValuesOf } from '#shared/settings/setting.ts'
import { type ListenerName, listenerNames } from './listeners.ts'
import { presetNames } from './presets.ts'

/** Text of a fixed form; empty where the form allows it. */
function form(name: string, allowed: string, pattern: RegExp): Kind<string> {
  return {
    name,
    allowed,
    parse: (value) => (pattern.test(value) ? value : undefined),
    format: (value) => value,
  }
}

const instanceName = form(
  'name',
  'a lower-case letter and up to 19 more letters, digits and hyphens',
  /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/,
)
const hostedZoneId = form(
  'hosted zone',
  'the id of a hosted zone in Route 53 such as Z0123456789ABCDEFGHIJ, or nothing',
  /^(?:Z[A-Z0-9]{5,31})?$/,
)
const httpsUrl = form('URL', 'a URL that begins with https://', /^https:\/\/[^\s/]+(?:\/\S*)?$/)
const mailAddress = form(
  'address',
  'a mail address such as postmaster@example.net, or nothing',
  /^(?:[^\s@]+@[^\s@]+\.[^\s@]+)?$/,
)
const secretArn = form(
  'secret',
  'the whole ARN of a secret in Secrets Manager, with the six characters at its end, or nothing',
  /^(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6})?$/,
)

const certificateArn = form(
  'certificate',
  'the ARN of a certificate in Certificate Manager, or nothing',
  /^(?:arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[a-f0-9-]{36})?$/,
)

const listenerList: Kind<readonly ListenerName[] | null> = {
  name: 'listeners',
  allowed: `one or more of ${listenerNames.join(', ')}`,
  list: true,
  parse(value) {
    const given = new Set(value.split(/[\s,]+/).filter((name) => name !== ''))
    const wanted = listenerNames.filter((name) => given.has(name))
    return wanted.length > 0 && wanted.length === given.size ? wanted : undefined
  },
  format: (value) => value?.join(', ') ?? '',
}

/** Rules of a security group are few. */
const PORTS_MAX = 10
const portList: Kind<readonly number[]> = {
  name: 'ports',
  allowed: `up to ${PORTS_MAX} ports from 1 to 65535, or nothing`,
  list: true,
  parse(value) {
    const words = value.split(/[\s,]+/).filter((word) => word !== '')
    const ports = [...new Set(words.map(Number))]
    const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535
    return words.length <= PORTS_MAX && ports.every(isPort) ? ports : undefined
  },
  format: (value) => value.join(', '),
}

/** Those that CloudWatch knows. */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]

const logRetention: Kind<number | null> = {
  name: 'days',
  allowed: `one of ${retentions.join(', ')}`,
  parse: (value) => retentions.find((days) => String(days) === value),
  format: (value) => (value === null ? '' : String(value)),
}

export const configurationTable = {
  name: new Setting(instanceName, {
    default: 'postwolke',
    about: 'The name of this mail system in its account and region; its stacks begin with it.',
  }),
  preset: new Setting(choice(...presetNames), {
    default: 'standard',
    about: 'How large it is: numbers of zones, tasks and memory.',
  }),
  hostname: new Setting(hostName, {
    default: '',
    about: 'The name clients and other mail servers know it by.',
  }),
  hostedZoneId: new Setting(hostedZoneId, {
    default: '',
    about:
      'The hosted zone that gets the address of `hostname` and proves it to certificate authorities.',
  }),
  hostedZoneName: new Setting(domain, {
    default: '',
    about: 'The domain of that zone.',
  }),
  certificate: new Setting(choice('acme', 'acm', 'operator'), {
    default: 'acme',
    about:
      'Where the certificate comes from: an ACME authority, an exportable certificate of ACM (which costs), or an operator who writes it into the secret.',
  }),
  acmeDirectoryUrl: new Setting(httpsUrl, {
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    about: 'The directory of the ACME authority.',
  }),
  acmeContact: new Setting(mailAddress, {
    default: '',
    about: 'Whom the ACME authority writes to.',
  }),
  clientAddress: new Setting(choice('preserved', 'proxy-v2'), {
    default: 'preserved',
    about:
      'How listeners learn the address of their clients. PROXY protocol needs AWS support to place its header before the first byte of a client: without, mail protocols, whose servers speak first, hang.',
  }),
  topology: new Setting(choice('combined', 'separate'), {
    default: 'combined',
    about:
      'One container service for all protocols, or one each for SMTP, IMAP and POP3 with fewer rights each.',
  }),
  listeners: new Setting(listenerList, {
    default: null,
    defaultText: 'smtp, submission, submissions, imaps, pop3s; in separate services all',
    about: 'What is served.',
  }),
  sourcePorts: new Setting(portList, {
    default: [],
    about:
      'While accounts move here from an old server (`postwolke front`): the ports of it that containers may connect to, such as 993, 995, 587 and 4190.',
  }),
  egress: new Setting(choice('relayhost', 'ses-api', 'direct'), {
    default: 'relayhost',
    about:
      'How mail leaves: by a relay host, by the API of Amazon SES, which takes mail only from domains that it has verified, or directly to the hosts of its recipients, for which AWS must open port 25 and give its address a name.',
  }),
  senderName: new Setting(hostName, {
    default: '',
    defaultText: 'out. and the hostname',
    about: 'Where mail leaves directly: the name of its address, which the sender says in EHLO.',
  }),
  relayhost: new Setting(nextHop, {
    default: null,
    about: 'Takes all outgoing mail.',
    known: { postfix: 'relayhost' },
  }),
  relaySecretArn: new Setting(secretArn, {
    default: '',
    about:
      'The login at the relay host: {"user", "password"} in Secrets Manager; with "ca", PEM certificates of the authority that vouches for it.',
  }),
  webhookSecretArn: new Setting(secretArn, {
    default: '',
    about: 'The text that signs requests to the webhook (docs/webhook.md), in Secrets Manager.',
  }),
  oidcClientSecretArn: new Setting(secretArn, {
    default: '',
    about:
      'The text that the issuer of `mail.oidcIssuer` gave this system, in Secrets Manager. Without one it is a public client.',
  }),
  probeSecretArn: new Setting(secretArn, {
    default: '',
    about:
      'The login of an account made for it, {"user", "password"} in Secrets Manager: every five minutes a message goes from it to itself through the load balancer, and an alarm rings when it does not arrive.',
  }),
  api: new Setting(choice('on', 'off'), {
    default: 'on',
    about: 'Administration over HTTP: the API, the console, and what else is served there.',
  }),
  apiDomain: new Setting(hostName, {
    default: '',
    defaultText: 'the name that AWS makes up',
    about:
      'The name of the console and the API. Not `hostname`, which is that of the load balancer. Passkeys are made for it.',
  }),
  apiNames: new Setting(domainList, {
    default: [],
    about: 'More names that are served there, such as mta-sts.example.org; 9 at most.',
  }),
  apiCertificateArn: new Setting(certificateArn, {
    default: '',
    defaultText: 'one is made, and proven in the hosted zone',
    about:
      'A certificate for `apiDomain` and `apiNames`, in this region; it is needed where one of them is not in the hosted zone.',
  }),
  alarmEmail: new Setting(mailAddress, {
    default: '',
    about: 'Who is told of alarms.',
  }),
  logRetentionDays: new Setting(logRetention, {
    default: null,
    defaultText: "the preset's",
    about: 'How long logs are kept.',
  }),
} satisfies SettingGroup

export type Configuration = ValuesOf<typeof configurationTable>
