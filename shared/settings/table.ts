// Every setting of Postwolke. The type of the loaded settings, the texts of refusals, `config show` and docs/settings.md are
// derived from this table; a new setting is one entry in one of its parts.

import { Setting, type SettingGroup, type ValuesOf } from './setting.ts'
import { acmeSettings } from './table/acme.ts'
import { authSettings } from './table/auth.ts'
import { authenticationSettings } from './table/authentication.ts'
import { clientSetupSettings } from './table/client-setup.ts'
import { contentSettings } from './table/content.ts'
import { contentCheckSettings } from './table/content-checks.ts'
import { dkimSettings } from './table/dkim.ts'
import { dnsSettings } from './table/dns.ts'
import { dnsListSettings } from './table/dns-lists.ts'

import { forwardingSettings } from './table/forwarding.ts'
import { generalSettings } from './table/general.ts'
import { greylistSettings } from './table/greylisting.ts'
import { identitySettings } from './table/identity.ts'
import { imapSettings } from './table/imap.ts'
import { issuerSettings } from './table/issuer.ts'
import { listenerSettings } from './table/listeners.ts'
import { localSubmissionSettings } from './table/local-submission.ts'
import { manageSieveSettings } from './table/managesieve.ts'
import { metricsSettings } from './table/metrics.ts'
import { milterSettings } from './table/milters.ts'
import { mtaStsSettings } from './table/mta-sts.ts'
import { noticeSettings } from './table/notices.ts'
import { operatingSettings } from './table/operating.ts'
import { outboundTlsSettings } from './table/outbound-tls.ts'
import { policyServerSettings } from './table/policy-servers.ts'
import { popBeforeSmtpSettings } from './table/pop-before-smtp.ts'
import { pop3Settings } from './table/pop3.ts'
import { queueSettings } from './table/queue.ts'
import { queueManagerSettings } from './table/queue-manager.ts'
import { rateSettings } from './table/rates.ts'
import { rejectCodeSettings } from './table/reject-codes.ts'
import { relaySettings } from './table/relay.ts'
import { restrictionSettings } from './table/restrictions.ts'
import { rewritingSettings } from './table/rewriting.ts'
import { sieveSettings } from './table/sieve.ts'
import { smtpSettings } from './table/smtp.ts'
import { smtpClientSettings } from './table/smtp-client.ts'
import { logSettings, tlsSettings } from './table/tls-and-log.ts'
import { verificationSettings } from './table/verification.ts'
import { weightSettings } from './table/weight.ts'

/** In the order of the manual. */
export const settingParts = {
  General: generalSettings,
  Listeners: listenerSettings,
  'SMTP server': smtpSettings,
  Restrictions: restrictionSettings,
  'Relaying for others': relaySettings,
  'Reply codes': rejectCodeSettings,
  'DNS lists': dnsListSettings,
  'Weighing (policyd-weight)': weightSettings,
  Greylisting: greylistSettings,
  'Policy servers': policyServerSettings,
  'Address probes': verificationSettings,
  'POP before SMTP': popBeforeSmtpSettings,
  'Rates and suspicion': rateSettings,
  'Authentication of mail': authenticationSettings,
  'Signing of mail': dkimSettings,
  'What we publish': mtaStsSettings,
  'Client set-up': clientSetupSettings,
  'Checks of content': contentCheckSettings,
  'Content filters': contentSettings,
  Milters: milterSettings,
  Logins: authSettings,
  'Sign-in and audit': identitySettings,
  'Sign-in elsewhere': issuerSettings,
  'IMAP server': imapSettings,
  'POP3 server': pop3Settings,
  'ManageSieve server': manageSieveSettings,
  'Queue and delivery': queueSettings,
  'SMTP client': smtpClientSettings,
  'Forwarding and copies': forwardingSettings,
  Sieve: sieveSettings,
  'Address rewriting': rewritingSettings,
  'Submission on this machine': localSubmissionSettings,
  'TLS to other mail servers': outboundTlsSettings,
  'Queue manager': queueManagerSettings,
  'Notices of delivery': noticeSettings,
  Operating: operatingSettings,
  DNS: dnsSettings,
  TLS: tlsSettings,
  'Certificates by ACME': acmeSettings,
  Log: logSettings,
  Metrics: metricsSettings,
} as const

export const settingsTable = {
  ...generalSettings,
  ...listenerSettings,
  ...smtpSettings,
  ...restrictionSettings,
  ...relaySettings,
  ...rejectCodeSettings,
  ...dnsListSettings,
  ...weightSettings,
  ...greylistSettings,
  ...policyServerSettings,
  ...verificationSettings,
  ...popBeforeSmtpSettings,
  ...rateSettings,
  ...authenticationSettings,
  ...dkimSettings,
  ...mtaStsSettings,
  ...clientSetupSettings,
  ...contentCheckSettings,
  ...contentSettings,
  ...milterSettings,
  ...authSettings,
  ...identitySettings,
  ...issuerSettings,
  ...imapSettings,
  ...pop3Settings,
  ...manageSieveSettings,
  ...queueSettings,
  ...smtpClientSettings,
  ...forwardingSettings,
  ...sieveSettings,
  ...rewritingSettings,
  ...localSubmissionSettings,
  ...outboundTlsSettings,
  ...queueManagerSettings,
  ...noticeSettings,
  ...operatingSettings,
  ...dnsSettings,
  ...tlsSettings,
  ...acmeSettings,
  ...logSettings,
  ...metricsSettings,
} satisfies SettingGroup

/** Sizes are bytes, times are milliseconds. */
export type Settings = ValuesOf<typeof settingsTable>

/** The settings of a group and the groups in it, with their dotted paths. */
export function flatten(
  group: SettingGroup,
  prefix = '',
): [path: string, setting: Setting<unknown>][] {
  return Object.entries(group).flatMap(([name, entry]) =>
    entry instanceof Setting
      ? [[`${prefix}${name}`, entry] satisfies [string, Setting<unknown>]]
      : flatten(entry, `${prefix}${name}.`),
  )
}

export const settingsByPath: ReadonlyMap<string, Setting<unknown>> = new Map(flatten(settingsTable))
