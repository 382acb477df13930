// What whoever runs the system may see and do.

import { monthlyCost, unitPrices } from '../cost-kinds.ts'
import { boolean, duration, text } from '../kinds.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const DAY = 24 * 3_600_000

export const operatingSettings = {
  operatorsReadMail: new Setting(boolean, {
    default: false,
    reload: true,
    about:
      'Whether an owner may read by API and console what waits in the queue, and export mailboxes of others, after a second factor. Whoever has the data folder can read it anyhow.',
  }),
  quarantineLifetime: new Setting(duration({ min: 0, max: 400 * DAY }), {
    default: 0,
    reload: true,
    about:
      'How long mail waits in quarantine for somebody to look at it; then it is deleted, and nobody is told. 0 keeps it until somebody decides.',
  }),
  quarantineAllowTable: new Setting(text, {
    default: '',
    reload: true,
    about:
      'The access table that a sender is entered into, with OK, when mail of his is released from quarantine as no spam; a list such as smtpdSenderRestrictions has to ask it (`check_sender_access table:NAME`). Nothing: nobody is entered, and whoever releases is told so.',
  }),
  monthlyCost: new Setting(monthlyCost, {
    default: { kind: 'unset' },
    reload: true,
    about:
      'What a month of the machine costs, such as `35.50 EUR`, spread over the month where usage is shown; in a deployment on AWS it stands in place of what AWS asks at list prices. `off`: no costs are shown. Nothing: those list prices on AWS, nothing on a machine.',
  }),
  unitPrices: new Setting(unitPrices, {
    default: {},
    reload: true,
    about:
      'What is paid for each that is counted, in the currency of `monthlyCost` (USD on AWS without it), in place of list prices or beside `monthlyCost`: a relay host that asks for every recipient is `deliveredElsewhere=0.0004`, storage by the gigabyte and month `storedGB=0.02`.',
  }),
} satisfies SettingGroup
