// Checks of what a message holds, by patterns and by the names of what is attached.

import { attachmentTypes } from '../attachment-types.ts'
import { boolean, bytes, choice } from '../kinds.ts'
import { patternTable } from '../patterns/pattern-setting.ts'
import { noPatterns } from '../patterns/pattern-table.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const MEGABYTE = 1024 * 1024

export const contentCheckSettings = {
  headerChecks: new Setting(patternTable, {
    reload: true,
    default: noPatterns,
    about:
      "Patterns for each field of a message's header, folded lines in one, but for those that speak of MIME; the first that matches decides what becomes of the field or of the message: REJECT, DISCARD, HOLD, IGNORE, STRIP, PREPEND, REPLACE, REDIRECT, FILTER, BCC, WARN, INFO, PASS or DUNNO. In the text behind it `$1` is what the first group of the pattern matched; a dollar sign before a name stands for a setting unless it is doubled. Patterns do not regard case, flags `i`, `m` and `s` turn around what holds without them. One that takes too long puts the message off with 451, and the log names it.",
    known: { postfix: 'header_checks' },
  }),
  mimeHeaderChecks: new Setting(patternTable, {
    reload: true,
    default: noPatterns,
    derived: '$headerChecks',
    about: 'The same for fields that speak of MIME, and all fields of the parts of a message.',
    known: { postfix: 'mime_header_checks' },
  }),
  nestedHeaderChecks: new Setting(patternTable, {
    reload: true,
    default: noPatterns,
    derived: '$headerChecks',
    about: 'The same for the header of messages that are attached.',
    known: { postfix: 'nested_header_checks' },
  }),
  bodyChecks: new Setting(patternTable, {
    reload: true,
    default: noPatterns,
    about: 'The same for each line of the body, as it is sent: base64 is not decoded.',
    known: { postfix: 'body_checks' },
  }),
  bodyChecksSizeLimit: new Setting(bytes({ min: 1, max: 100 * MEGABYTE }), {
    reload: true,
    default: 51_200,
    about: 'So much of each part of a message `bodyChecks` looks at.',
    known: { postfix: 'body_checks_size_limit' },
  }),
  forbiddenAttachmentTypes: new Setting(attachmentTypes, {
    reload: true,
    default: [],
    about:
      'Endings of names of files that no message may have attached, also within zip archives. A list to begin with: `ade, adp, apk, appx, bat, cab, chm, cmd, com, cpl, diagcab, dll, exe, hta, img, ins, iso, isp, jar, js, jse, lib, lnk, mde, msc, msi, msix, msp, mst, nsh, pif, ps1, reg, scr, sct, shb, sys, vb, vbe, vbs, vhd, vhdx, vxd, wsc, wsf, wsh, xll`.',
  }),
  forbiddenAttachmentAction: new Setting(choice('reject', 'quarantine'), {
    reload: true,
    default: 'reject',
    about:
      'What becomes of a message with such a file: `reject` refuses it with 550, `quarantine` takes it and holds it for an operator.',
  }),
  forbidEncryptedArchives: new Setting(boolean, {
    reload: true,
    default: false,
    about:
      'Whether zip archives with encrypted files, which nobody can look into, are as such files.',
  }),
} satisfies SettingGroup
