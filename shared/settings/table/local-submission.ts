// Mail that programs and users of the machine itself hand over with `sendmail`.

import { filePath } from '../kinds.ts'
import { type Kind, Setting, type SettingGroup } from '../setting.ts'

const ENTRIES_MAX = 1_000
const ENTRY = /^!?[^\s,!]{1,256}$/

const users: Kind<readonly string[]> = {
  name: 'users',
  allowed:
    'users of this machine, by name or number, separated by commas or spaces; !user for one who may not, static:anyone for all',
  list: true,
  parse(text) {
    const entries = text.split(/[\s,]+/).filter((entry) => entry !== '')
    const sound = entries.length <= ENTRIES_MAX && entries.every((entry) => ENTRY.test(entry))
    return sound ? entries : undefined
  },
  format: (value) => value.join(', '),
}

export const localSubmissionSettings = {
  maildropDirectory: new Setting(filePath, {
    default: '',
    defaultText: '`maildrop` in the data folder',
    about:
      'Where `sendmail` leaves messages for the server, also while it does not run; on one machine only. The server makes the folder. Users other than its own can submit where they may enter every folder above it.',
    known: { postfix: '/var/spool/postfix/maildrop' },
  }),
  authorizedSubmitUsers: new Setting(users, {
    reload: true,
    default: ['static:anyone'],
    about:
      'Who may submit with `sendmail`. The first entry that names the user decides, and who is not named may not.',
    known: { postfix: 'authorized_submit_users' },
  }),
} satisfies SettingGroup
