// Programs that tests run beside our own. Where one is missing its tests are skipped, and `npm test` says so; where CI is set, that
// fails the run. `node test/support/programs.ts` prints Debian's packages of those that are missing: `.ci/run` installs them.

import { isInstalled } from './program.ts'

/** With the Debian package that has it. */
export const programs = {
  java: 'default-jre-headless',
  pebble: 'pebble',
  named: 'bind9',
  python3: 'python3',
  unzip: 'unzip',
  curl: 'curl',
  openssl: 'openssl',
  swaks: 'swaks',
  msmtp: 'msmtp',
  mpop: 'mpop',
  mbsync: 'isync',
  offlineimap: 'offlineimap3',
  fetchmail: 'fetchmail',
  getmail: 'getmail6',
  imapfilter: 'imapfilter',
  neomutt: 'neomutt',
  mail: 'bsd-mailx',
  runuser: 'util-linux',
  saslpasswd2: 'sasl2-bin',
  opendkim: 'opendkim',
  'sieve-connect': 'sieve-connect',
  postfix: 'postfix',
  postmap: 'postfix',
  postalias: 'postfix',
  postconf: 'postfix',
  doveconf: 'dovecot-core',
  doveadm: 'dovecot-core',
  postgrey: 'postgrey',
  'policyd-weight': 'policyd-weight',
  script: 'bsdutils',
  sqlite3: 'sqlite3',
  strace: 'strace',
  clamd: 'clamav-daemon',
  rspamd: 'rspamd',
  'systemd-analyze': 'systemd',
  chromium: 'chromium',
  thunderbird: 'thunderbird',
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  mandoc: 'mandoc',
  procmail: 'procmail',
  // What Dovecot's master starts is on no path.
  '/usr/lib/dovecot/imap': 'dovecot-imapd',
  '/usr/lib/dovecot/pop3': 'dovecot-pop3d',
  '/usr/lib/dovecot/managesieve': 'dovecot-managesieved',
  sievec: 'dovecot-sieve',
  'sieve-test': 'dovecot-sieve',
} as const

export type Program = keyof typeof programs

export const missingPrograms = (): readonly Program[] =>
  Object.keys(programs)
    .filter((name): name is Program => Object.hasOwn(programs, name))
    .filter((name) => !isInstalled(name))

if (import.meta.main) {
  console.log(
    missingPrograms()
      .map((name) => programs[name])
      .join(' '),
  )
}
