// Sieve: how much a user's scripts may be and do.

import { bytes, choice, duration, fieldNames, integer, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'
import { domainScripts, scriptNameOrNone, scriptNames } from '../sieve-kinds.ts'

const DAY_MS = 86_400_000

export const sieveSettings = {
  sieveMaxScriptSize: new Setting(bytes({ min: 1_024, max: 256 * 1_024 }), {
    reload: true,
    default: 64 * 1_024,
    about: 'How large one Sieve script may be.',
    known: { dovecot: 'sieve_max_script_size' },
  }),
  sieveQuotaMaxScripts: new Setting(integer({ min: 0, max: 500 }), {
    reload: true,
    default: 50,
    about: 'How many scripts an account may keep; 0: as many as can be.',
    known: { dovecot: 'sieve_quota_max_scripts' },
  }),
  sieveQuotaMaxStorage: new Setting(bytes({ min: 0, max: 100 * 1_024 * 1_024 }), {
    reload: true,
    default: 1_024 * 1_024,
    about: 'How large all scripts of an account may be together; 0: no limit.',
    known: { dovecot: 'sieve_quota_max_storage' },
  }),
  sieveMaxRedirects: new Setting(integer({ min: 0, max: 8 }), {
    reload: true,
    default: 4,
    about:
      'How many addresses the scripts of one account may send a message on to. A script that wants more fails, and the message stays in INBOX.',
    known: { dovecot: 'sieve_max_redirects' },
  }),
  sieveVacationMinPeriod: new Setting(duration({ min: 60_000, max: 365 * DAY_MS }), {
    reload: true,
    default: DAY_MS,
    about:
      'The shortest time until a sender is answered by `vacation` again, whatever a script says.',
    known: { dovecot: 'sieve_vacation_min_period' },
  }),
  sieveVacationDefaultPeriod: new Setting(duration({ min: 60_000, max: 365 * DAY_MS }), {
    reload: true,
    default: 7 * DAY_MS,
    about: 'The same where a script says nothing.',
    known: { dovecot: 'sieve_vacation_default_period' },
  }),
  sieveVacationMaxPeriod: new Setting(duration({ min: 8 * DAY_MS, max: 365 * DAY_MS }), {
    reload: true,
    default: 60 * DAY_MS,
    about: 'The longest such time; RFC 5230 wants more than 7 days.',
    known: { dovecot: 'sieve_vacation_max_period' },
  }),
  sieveBefore: new Setting(scriptNames, {
    reload: true,
    default: [],
    about:
      "Site scripts that all mail for accounts goes through before the account's own script; the next one runs as long as the message is kept. With any of these, delivery looks at all mail.",
    known: { dovecot: 'sieve_before' },
  }),
  sieveAfter: new Setting(scriptNames, {
    reload: true,
    default: [],
    about: 'The same behind the script of the account.',
    known: { dovecot: 'sieve_after' },
  }),
  sieveDefault: new Setting(scriptNameOrNone, {
    reload: true,
    default: '',
    about: 'The site script for accounts that have no script of their own active.',
    known: { dovecot: 'sieve_default' },
  }),
  sieveDomainDefaults: new Setting(domainScripts, {
    reload: true,
    default: [],
    about: 'The same for accounts of a domain, in place of `sieveDefault`.',
  }),
  sieveEventScript: new Setting(scriptNameOrNone, {
    reload: true,
    default: '',
    about:
      'The site script that runs when a client puts messages into a mailbox or changes their flags (imapsieve, RFC 6785), in all mailboxes that name no script of their own.',
  }),
  sieveSpamtestStatusHeader: new Setting(text, {
    reload: true,
    default: '',
    about:
      'The header field in which a spam filter tells its score, for the test `spamtest`. Nothing: what went to Junk, and what has `X-Spam: Yes`, is spam, and of all else nothing is known.',
    known: { dovecot: 'sieve_spamtest_status_header' },
  }),
  sieveSpamtestStatusType: new Setting(choice('score', 'strlen'), {
    reload: true,
    default: 'score',
    about:
      'How it tells it: a number (the one behind `score=`, else the first), or one character so many times.',
    known: { dovecot: 'sieve_spamtest_status_type' },
  }),
  sieveSpamtestMaxValue: new Setting(integer({ min: 1, max: 100_000 }), {
    reload: true,
    default: 10,
    about: 'The score that is surely spam.',
    known: { dovecot: 'sieve_spamtest_max_value' },
  }),
  sieveVirustestStatusHeader: new Setting(text, {
    reload: true,
    default: '',
    about:
      'The header field in which a virus scanner tells what it found, for the test `virustest`: a number from 0 to 5 (RFC 5235), or a word, of which `Clean`, `No` and `None` are good.',
    known: { dovecot: 'sieve_virustest_status_header' },
  }),
  sieveEditheaderMaxHeaderSize: new Setting(bytes({ min: 1_024, max: 16 * 1_024 }), {
    reload: true,
    default: 2_048,
    about: 'How long the value may be that `addheader` puts into a message.',
    known: { dovecot: 'sieve_editheader_max_header_size' },
  }),
  sieveEditheaderProtected: new Setting(fieldNames, {
    reload: true,
    default: [],
    about:
      'Header fields that scripts neither add nor delete. Subject is free whatever stands here, and Received and Auto-Submitted are never deleted.',
    known: { dovecot: 'sieve_editheader_protected' },
  }),
  sieveEditheaderForbidAdd: new Setting(fieldNames, {
    reload: true,
    default: [],
    about: 'Header fields that scripts do not add.',
    known: { dovecot: 'sieve_editheader_forbid_add' },
  }),
  sieveEditheaderForbidDelete: new Setting(fieldNames, {
    reload: true,
    default: [],
    about: 'Header fields that scripts do not delete.',
    known: { dovecot: 'sieve_editheader_forbid_delete' },
  }),
} satisfies SettingGroup
