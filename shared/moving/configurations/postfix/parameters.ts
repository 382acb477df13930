// What becomes of each parameter of main.cf. Most that have a setting here have it under the name that `known.postfix` of the settings' table
// tells, and its text is read by the kind of the setting; others are translated by a file of translate/, or have a reason why not.

import { flatten, settingsTable } from '#shared/settings/table.ts'
import { isMade, unmappedParameters } from './unmapped-parameters.ts'

export type Treatment =
  /** The text becomes that of a setting. */
  | { readonly kind: 'setting'; readonly path: string; readonly convert: Convert }
  /** Together with others. */
  | { readonly kind: 'translated'; readonly by: Translator }
  | { readonly kind: 'not-needed' | 'not-supported'; readonly because: string }

/** Undefined: it says nothing that could come over. */
export type Convert = (text: string) => string | undefined

export type Translator =
  | 'domains'
  | 'restrictions'
  | 'maps'
  | 'patterns'
  | 'names'
  | 'tls'
  | 'milters'

const translated: { readonly [by in Translator]: string } = {
  names: `myhostname mydomain myorigin mydestination mynetworks mynetworks_style inet_interfaces proxy_interfaces smtpd_banner
    smtpd_upstream_proxy_protocol`,
  domains: `virtual_alias_domains virtual_alias_maps virtual_mailbox_domains virtual_mailbox_maps alias_maps luser_relay`,
  restrictions: `smtpd_client_restrictions smtpd_helo_restrictions smtpd_sender_restrictions smtpd_relay_restrictions
    smtpd_recipient_restrictions smtpd_data_restrictions smtpd_end_of_data_restrictions smtpd_restriction_classes relocated_maps
    smtpd_client_event_limit_exceptions`,
  maps: `relay_domains relay_recipient_maps relay_clientcerts transport_maps sender_dependent_relayhost_maps canonical_maps
    sender_canonical_maps recipient_canonical_maps smtp_generic_maps sender_bcc_maps recipient_bcc_maps smtp_tls_policy_maps
    smtpd_sender_login_maps smtp_sasl_password_maps rbl_reply_maps permit_mx_backup_networks default_transport
    authorized_submit_users`,
  milters: 'smtpd_milters',
  patterns: 'header_checks mime_header_checks nested_header_checks body_checks',
  tls: `smtpd_tls_cert_file smtpd_tls_key_file smtpd_tls_protocols smtpd_tls_security_level smtp_tls_CAfile smtp_tls_cert_file
    smtp_tls_key_file smtpd_tls_CAfile bounce_template_file maillog_file debug_peer_level debug_peer_list smtp_dns_support_level`,
}

const plain: Convert = (text) => text
/** Postfix's numbers without a unit mean what the parameter says. */
const time =
  (unit: string): Convert =>
  (text) =>
    /^\d+$/.test(text) && text !== '0' ? `${text}${unit}` : text

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '')

/** Names of this host's, as Postfix has them by itself; so has this system. */
const address: Convert = (text) => (text.includes('@') ? text : undefined)

const converters: { readonly [name: string]: Convert | undefined } = {
  maximal_queue_lifetime: time('d'),
  bounce_queue_lifetime: time('d'),
  delay_warning_time: time('h'),
  address_verify_positive_expire_time: time('d'),
  address_verify_positive_refresh_time: time('d'),
  address_verify_negative_expire_time: time('d'),
  address_verify_negative_refresh_time: time('h'),
  // `ipv4, ipv6` is all there is.
  inet_protocols: (text) => (/ipv4/i.test(text) && /ipv6/i.test(text) ? 'all' : text.toLowerCase()),
  smtp_tls_security_level: (text) => text || undefined,
  // Some have `$myhostname` in it, which is the default here.
  smtp_helo_name: (text) => text || undefined,
  default_process_limit: plain,
  // Those of virtual aliases go along always.
  propagate_unmatched_extensions: (text) =>
    words(text.replaceAll(',', ' '))
      .filter((word) => word === 'canonical' || word === 'generic')
      .join(', '),
  // It rejected at RCPT and kept the client a while longer; here it is told at once.
  postscreen_greet_action: (text) => (text === 'enforce' ? 'drop' : text),
  syslog_facility: (text) => text.toLowerCase(),
  notify_classes: (text) => text.replaceAll(/\bpolicy\b,?/g, '').trim(),
}

const direct: ReadonlyMap<string, { readonly path: string; readonly convert: Convert }> = new Map(
  flatten(settingsTable).flatMap(([path, { kind, facts }]) =>
    (facts.known?.postfix ?? '')
      .split(', ')
      .filter((name) => /^[a-z0-9_A-Z]+$/.test(name))
      .map((name) => {
        const usual = kind.name === 'time' ? time('s') : kind.name === 'address' ? address : plain
        return [name, { path, convert: converters[name] ?? usual }] as const
      }),
  ),
)

const byName: ReadonlyMap<string, Treatment> = new Map<string, Treatment>([
  ...unmappedParameters.flatMap(({ kind, because, names }) =>
    words(names).map((name) => [name, { kind, because }] as const),
  ),
  ...[...direct].map(([name, one]) => [name, { kind: 'setting', ...one }] as const),
  ...translators().flatMap((by) =>
    words(translated[by]).map((name) => [name, { kind: 'translated', by }] as const),
  ),
  // One number is in place of many programs.
  ['smtpd_client_connection_count_limit', mapped('clientConnectionCountLimit')],
  ['smtpd_tls_auth_only', mapped('disablePlaintextAuth')],
])

function mapped(path: string): Treatment {
  return { kind: 'setting', path, convert: plain }
}

function translators(): readonly Translator[] {
  return ['names', 'domains', 'restrictions', 'maps', 'patterns', 'tls', 'milters']
}

/** Undefined: Postfix has no such parameter; somebody named it for `$name`. */
export function treatmentOf(name: string): Treatment | undefined {
  const known = byName.get(name)
  if (known !== undefined) return known
  const group = unmappedParameters.find((one) => isMade(name, one))
  return group && { kind: group.kind, because: group.because }
}
