// What becomes of each setting of Dovecot, by its names of 2.2 to 2.4. Those that a reader understands together with others (listeners, users,
// quota) are not here.

export type DovecotTreatment =
  | { readonly kind: 'setting'; readonly path: string; readonly convert: (text: string) => string }
  | { readonly kind: 'to-do' | 'not-needed' | 'not-supported'; readonly because: string }

const plain = (text: string) => text
const yes = /^(?:yes|y|true|1)$/i
const boolean = (text: string) => (yes.test(text) ? 'yes' : 'no')
const not = (text: string) => (yes.test(text) ? 'no' : 'yes')

const units: readonly (readonly [RegExp, string])[] = [
  [/^(?:s|secs?|seconds?)$/i, 's'],
  [/^(?:m|mins?|minutes?)$/i, 'm'],
  [/^(?:h|hours?)$/i, 'h'],
  [/^(?:d|days?)$/i, 'd'],
  [/^(?:w|weeks?)$/i, 'w'],
  [/^(?:ms|msecs?|milliseconds?)$/i, 'ms'],
]

/** `5 mins`; without a unit seconds. */
function time(text: string): string {
  const [, digits = '', word = ''] = /^(\d{1,9})\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const unit = word === '' ? 's' : units.find(([known]) => known.test(word))?.[1]
  return digits === '' || unit === undefined
    ? text
    : Number(digits) === 0
      ? '0'
      : `${digits}${unit}`
}

/** `10M`, `64k`; a number is bytes. */
const size = (text: string) =>
  text
    .trim()
    .replace(/^(\d{1,15})\s*([bkmgt])(?:i?b)?$/i, (_, n, unit) =>
      unit.toUpperCase() === 'B' ? n : `${n}${unit.toUpperCase()}B`,
    )
const list = (text: string) => text.trim().split(/\s+/).join(', ')

const mechanisms: readonly string[] = [
  'PLAIN',
  'LOGIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256-PLUS',
  'OAUTHBEARER',
  'XOAUTH2',
]

/** Others have no use: the two that everybody has stand for them. */
export function mechanismsOf(text: string): {
  readonly known: string
  readonly unknown: readonly string[]
} {
  const given = text
    .toUpperCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const known = given.filter((name) => mechanisms.includes(name))
  return {
    known: (known.length > 0 ? known : ['PLAIN', 'LOGIN']).join(', '),
    unknown: given.filter((name) => !mechanisms.includes(name)),
  }
}

const set = (path: string, convert: (text: string) => string = plain): DovecotTreatment => ({
  kind: 'setting',
  path,
  convert,
})

const direct: { readonly [name: string]: DovecotTreatment | undefined } = {
  auth_default_realm: set('defaultDomain'),
  auth_default_domain: set('defaultDomain'),
  auth_cache_ttl: set('authCacheTime', time),
  auth_failure_delay: set('authFailureDelay', time),
  disable_plaintext_auth: set('disablePlaintextAuth', boolean),
  auth_allow_cleartext: set('disablePlaintextAuth', not),
  hostname: set('hostname'),
  postmaster_address: set('postmasterAddress'),
  recipient_delimiter: set('recipientDelimiter'),
  lmtp_save_to_detail_mailbox: set('lmtpSaveToDetailMailbox', boolean),
  login_trusted_networks: set('authTrustedNetworks', list),
  haproxy_trusted_networks: set('proxyTrustedNetworks', list),
  ssl_min_protocol: set('tls.minimumVersion', (text) => (text === 'TLSv1.3' ? text : 'TLSv1.2')),
  syslog_facility: set('log.syslogFacility'),
  acl_anyone: set('aclAnyone', (text) => (text === 'allow' ? 'yes' : boolean(text))),
  sieve_max_script_size: set('sieveMaxScriptSize', size),
  sieve_quota_max_scripts: set('sieveQuotaMaxScripts'),
  sieve_quota_script_count: set('sieveQuotaMaxScripts'),
  sieve_quota_max_storage: set('sieveQuotaMaxStorage', size),
  sieve_quota_storage_size: set('sieveQuotaMaxStorage', size),
  sieve_max_redirects: set('sieveMaxRedirects'),
  sieve_vacation_min_period: set('sieveVacationMinPeriod', time),
  sieve_vacation_default_period: set('sieveVacationDefaultPeriod', time),
  sieve_vacation_max_period: set('sieveVacationMaxPeriod', time),
  sieve_spamtest_status_header: set('sieveSpamtestStatusHeader'),
  sieve_spamtest_status_type: set('sieveSpamtestStatusType'),
  sieve_spamtest_max_value: set('sieveSpamtestMaxValue'),
  sieve_virustest_status_header: set('sieveVirustestStatusHeader'),
  sieve_editheader_max_header_size: set('sieveEditheaderMaxHeaderSize', size),
  sieve_editheader_protected: set('sieveEditheaderProtected', list),
  sieve_editheader_forbid_add: set('sieveEditheaderForbidAdd', list),
  sieve_editheader_forbid_delete: set('sieveEditheaderForbidDelete', list),
  mail_max_userip_connections: set('imapAccountConnectionCountLimit'),
  quota_storage_size: set('mailboxSizeLimit', size),
  quota_message_count: set('mailboxMessageLimit'),
}

/** By the beginning of a name, or all of it; the first that fits counts. */
const groups: readonly (readonly [pattern: RegExp, treatment: DovecotTreatment])[] = [
  [
    /^(?:mail_location|mail_driver|mail_path|mail_home|mail_inbox_path|mailbox_list_\w+|mail_index_path|mail_control_path)$/,
    {
      kind: 'to-do',
      because:
        'import the mail that lies there by itself; UIDs, flags and subscriptions come with it',
    },
  ],
  [
    /^(?:ssl_cert|ssl_key|ssl_server_cert_file|ssl_server_key_file|ssl_alt_cert|ssl_alt_key)$/,
    {
      kind: 'to-do',
      because: 'copy the file and set `tls.certificateFile` and `tls.keyFile` to where it is then',
    },
  ],
  [
    /^sieve_(?:before|after|default|global)\d*(?:_\w+)?$/,
    {
      kind: 'to-do',
      because: 'copy the script and name it in `sieveBefore`, `sieveAfter` or `sieveDefault`',
    },
  ],
  [/^sieve$/, { kind: 'to-do', because: 'the scripts of users come over with their mail' }],
  [
    /^(?:sieve_extensions|sieve_global_extensions|sieve_plugins|sieve_redirect_\w+|sieve_\w+)$/,
    { kind: 'not-supported', because: 'extensions are those that ManageSieve lists' },
  ],
  [
    /^(?:pop3_uidl_format|pop3_reuse_xuidl)$/,
    { kind: 'not-needed', because: 'UIDLs that clients know come over with the mail' },
  ],
  [
    /^(?:acl|acl_driver|acl_shared_dict|acl_\w+)$/,
    {
      kind: 'not-needed',
      because:
        'rights of folders are there always; those of the old system are listed by the import of mail',
    },
  ],
  [
    /^(?:quota\d*|quota_driver|quota_vsizes|quota_max_mail_size|quota_set)$/,
    { kind: 'not-needed', because: 'what an account has is counted always' },
  ],
  [
    /^quota_\w+$/,
    { kind: 'not-supported', because: 'quotas are of accounts, in bytes and messages' },
  ],
  [
    /^(?:login_greeting|imap_id_\w+|imap_capability|imap_\w+|pop3_\w+|lmtp_\w+|lda_\w+|deliver_\w+|submission_\w+|managesieve_\w+)$/,
    { kind: 'not-needed', because: 'how the protocols are spoken is fixed' },
  ],
  [
    /^(?:ssl\w*)$/,
    { kind: 'not-needed', because: 'TLS is offered always, with what is safe today' },
  ],
]

/** By the beginning of a name: how Dovecot keeps mail, runs its programs and logs. */
const ownWays: readonly string[] = [
  ...['mail', 'maildir_', 'mbox_', 'mdbox_', 'dbox_', 'dotlock_', 'lock_', 'mmap_', 'first_valid_'],
  ...['last_valid_', 'default_', 'base_dir', 'state_dir', 'instance_name', 'libexec_dir', 'fts'],
  ...['lazy_expunge', 'zlib', 'listescape', 'trash', 'dovecot_', 'shutdown_clients', 'verbose_'],
  ...['dict', 'import_environment', 'stats_', 'metric', 'old_stats', 'welcome_', 'notify', 'event'],
  ...['replication_', 'dsync_', 'director_', 'doveadm_', 'config_', 'log_', 'info_log_path'],
  ...['debug_log_path', 'login_', 'auth_', 'passdb_', 'userdb_', 'rawlog_', 'service_', 'process_'],
  ...['vsz_limit', 'client_limit', 'haproxy_timeout', 'separator', 'prefix', 'inbox', 'hidden'],
  ...['subscriptions', 'location', 'list', 'type', 'ignore_on_failure', 'recipient_', 'antispam'],
  ...['imapsieve_', 'push_notification', 'anvil_', 'rejection_', 'sendmail_path', 'quarantine'],
]

const ownWay: DovecotTreatment = {
  kind: 'not-needed',
  because: 'how Dovecot keeps mail, runs its programs and logs',
}

export function dovecotTreatment(name: string): DovecotTreatment | undefined {
  const known = Object.hasOwn(direct, name) ? direct[name] : undefined
  const group = known ?? groups.find(([pattern]) => pattern.test(name))?.[1]
  return group ?? (ownWays.some((start) => name.startsWith(start)) ? ownWay : undefined)
}
