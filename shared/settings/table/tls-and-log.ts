// Certificates and the log.

import type { Facility } from '#shared/runtime/syslog.ts'
import { syslogServer } from '../address-kinds.ts'
import { choice, filePath } from '../kinds.ts'
import { serviceLevels } from '../log-kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

export const tlsSettings = {
  tls: {
    certificateFile: new Setting(filePath, {
      default: '',
      about:
        'Certificate and the chain behind it, PEM; read again when it changes. Nothing means a self-signed one, made in the data folder.',
      known: { postfix: 'smtpd_tls_cert_file', dovecot: 'ssl_cert' },
    }),
    keyFile: new Setting(filePath, {
      default: '',
      about: 'The private key of the certificate, PEM, without a passphrase.',
      known: { postfix: 'smtpd_tls_key_file', dovecot: 'ssl_key' },
    }),
    minimumVersion: new Setting(choice('TLSv1.2', 'TLSv1.3'), {
      default: 'TLSv1.2',
      about: 'The oldest TLS version spoken.',
      known: { postfix: 'smtpd_tls_protocols', dovecot: 'ssl_min_protocol' },
    }),
  },
} satisfies SettingGroup

/** In the order of their numbers where those are not given (RFC 5424 §6.2.1). */
export const syslogFacilities = [
  'mail',
  'user',
  'daemon',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const satisfies readonly Facility[]

export const logSettings = {
  log: {
    level: new Setting(choice('debug', 'info', 'warn', 'error'), {
      reload: true,
      default: 'info',
      about: 'What is logged: this and everything graver.',
      known: { postfix: 'debug_peer_level', dovecot: 'auth_debug' },
    }),
    serviceLevels: new Setting(serviceLevels, {
      reload: true,
      default: [],
      about:
        'Services that log more or less than `log.level` says, such as imap=debug: to look closely at one while it runs.',
      known: { postfix: 'debug_peer_list' },
    }),
    format: new Setting(choice('auto', 'json', 'pretty'), {
      reload: true,
      default: 'auto',
      about:
        'One JSON object a line or one readable line; auto: readable on a terminal and in syslog, else JSON.',
    }),
    file: new Setting(filePath, {
      reload: true,
      default: '',
      about:
        'Where the log goes in place of standard output; SIGHUP opens it again under its name, for rotation.',
      known: { postfix: 'maillog_file', dovecot: 'log_path' },
    }),
    syslogServer: new Setting(syslogServer, {
      reload: true,
      default: null,
      about:
        'Where the log goes by syslog (RFC 5424 over UDP), in place of standard output; beside a file it goes to both.',
      known: { dovecot: 'log_path' },
    }),
    syslogFacility: new Setting(choice(...syslogFacilities), {
      reload: true,
      default: 'mail',
      about: 'As what syslog sorts it.',
      known: { postfix: 'syslog_facility', dovecot: 'syslog_facility' },
    }),
  },
} satisfies SettingGroup
