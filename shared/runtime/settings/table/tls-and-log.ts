// Certificates and the log.

import { choice, filePath } from '../kinds.ts'
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

export const logSettings = {
  log: {
    level: new Setting(choice('debug', 'info', 'warn', 'error'), {
      default: 'info',
      about: 'What is logged: this and everything graver.',
      known: { postfix: 'debug_peer_level', dovecot: 'auth_debug' },
    }),
    format: new Setting(choice('auto', 'json', 'pretty'), {
      default: 'auto',
      about:
        'One JSON object a line or one readable line; auto: readable on a terminal, else JSON.',
      known: { postfix: 'maillog_file', dovecot: 'log_path' },
    }),
  },
} satisfies SettingGroup
