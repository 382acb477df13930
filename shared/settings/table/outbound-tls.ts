// How sessions with other mail servers are protected, and whom that is told.

import { nameServers } from '../address-kinds.ts'
import { boolean, choice, filePath } from '../kinds.ts'
import { maps } from '../restrictions/table-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'
import { certificateFingerprints, tlsLevels, tlsProtocols } from '../tls-kinds.ts'

export const outboundTlsSettings = {
  smtpTlsSecurityLevel: new Setting(choice('auto', ...tlsLevels), {
    reload: true,
    default: 'auto',
    about:
      "TLS to other mail servers. none: never; may: where offered, whoever's certificate, and in clear after minimalBackoffTime where the handshake fails; encrypt: TLS or no delivery, whoever's certificate; verify: with a certificate for the host's name too; secure: for the name of the domain or relay host, since DNS may be forged; fingerprint: with one of smtpTlsFingerprintCertMatch; dane: as the domain's TLSA records say, may where it has none; dane-only: by TLSA records or not at all. auto: verify for a relay host with a login, else dane where dnssecServers has any, else may. Where it cannot be had the mail waits. A login is never sent with none or may.",
    known: { postfix: 'smtp_tls_security_level' },
  }),
  smtpTlsPolicyMaps: new Setting(maps, {
    reload: true,
    default: [],
    about:
      'The level of a next hop, as it is routed (`example.net`, `[mail.example.net]:587`) or by its domain and those above it (`.example.net`): `level match=… protocols=… ciphers=… servername=…` as in Postfix. It goes before smtpTlsSecurityLevel and MTA-STS. What is no policy keeps the mail waiting.',
    known: { postfix: 'smtp_tls_policy_maps' },
  }),
  smtpTlsProtocols: new Setting(tlsProtocols, {
    reload: true,
    default: { min: 'TLSv1', max: 'TLSv1.3' },
    about: 'TLS versions where the session might as well be in clear.',
    known: { postfix: 'smtp_tls_protocols' },
  }),
  smtpTlsMandatoryProtocols: new Setting(tlsProtocols, {
    reload: true,
    default: { min: 'TLSv1.2', max: 'TLSv1.3' },
    about: 'TLS versions where TLS must be: from the level encrypt on.',
    known: { postfix: 'smtp_tls_mandatory_protocols' },
  }),
  smtpTlsCiphers: new Setting(choice('medium', 'high'), {
    reload: true,
    default: 'medium',
    about: 'The least ciphers of TLS 1.2 and before, where the session might as well be in clear.',
    known: { postfix: 'smtp_tls_ciphers' },
  }),
  smtpTlsMandatoryCiphers: new Setting(choice('medium', 'high'), {
    reload: true,
    default: 'medium',
    about: 'The same where TLS must be.',
    known: { postfix: 'smtp_tls_mandatory_ciphers' },
  }),
  smtpTlsFingerprintCertMatch: new Setting(certificateFingerprints, {
    reload: true,
    default: [],
    about: 'What the level fingerprint takes of which smtpTlsPolicyMaps says nothing more.',
    known: { postfix: 'smtp_tls_fingerprint_cert_match' },
  }),
  smtpTlsCAfile: new Setting(filePath, {
    reload: true,
    default: '',
    about:
      "Certificates of the authorities, PEM, that vouch for other mail servers where the level asks for that: of the relay host's private one, say. Nothing means the usual public ones.",
    known: { postfix: 'smtp_tls_CAfile' },
  }),
  smtpTlsCertFile: new Setting(filePath, {
    reload: true,
    default: '',
    about:
      'Certificate and the chain behind it, PEM, that hosts are shown which ask for one. Few do; nothing means none.',
    known: { postfix: 'smtp_tls_cert_file' },
  }),
  smtpTlsKeyFile: new Setting(filePath, {
    reload: true,
    default: '',
    about: 'Its private key, PEM, without a passphrase.',
    known: { postfix: 'smtp_tls_key_file' },
  }),
  smtpMtaSts: new Setting(boolean, {
    reload: true,
    default: true,
    about:
      'Whether the policies are obeyed that domains publish by MTA-STS (RFC 8461), which are fetched from them by HTTPS: TLS with a certificate for a host that the policy names, or the mail waits. Where usable TLSA records are found they count alone. Not for hosts in brackets and logins.',
  }),
  dnssecServers: new Setting(nameServers, {
    reload: true,
    default: [],
    about:
      'Name servers that validate DNSSEC and that nobody can stand before: on this machine, say. What they call authentic is believed, which DANE (RFC 7672) and REQUIRETLS need; nothing means that nothing is.',
    known: { postfix: 'smtp_dns_support_level' },
  }),
  tlsReports: new Setting(boolean, {
    default: false,
    about:
      'Whether domains that ask for it (RFC 8460) are told once a day how TLS to their hosts went: how many sessions, how many failures and why.',
  }),
} satisfies SettingGroup
