// Settings: what is in force, where it comes from, and what of it may be other while the system runs.

import { z } from '@hono/zod-openapi'
import type { SettingFacts } from '#shared/administration/settings.ts'
import {
  SETTINGS_CHANGED_MAX,
  STORED_TEXT_CHARACTERS_MAX,
} from '#shared/directory/stored-settings.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { text } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

const setting = z
  .object({
    path: z.string(),
    part: z.string().openapi({ description: 'The heading that it stands under in the manual.' }),
    value: z.string(),
    origin: z.enum(['default', 'stored', 'file', 'environment', 'override', 'deployment']),
    from: z.string().openapi({ description: 'In words: the name of the file, or the variable.' }),
    hides: z.array(z.object({ value: z.string(), from: z.string() })),
    default: z.string(),
    allowed: z.string(),
    about: z.string(),
    postfix: z.string().nullable(),
    dovecot: z.string().nullable(),
    isReloadable: z.boolean().openapi({ description: 'It may change while the system runs.' }),
    isLocked: z
      .boolean()
      .openapi({ description: 'File, environment or command line have the last word.' }),
    problem: z.string().nullable().openapi({ description: 'Why what is stored is not used.' }),
  })
  .openapi('Setting')

const settingOf = ({ hides, ...facts }: SettingFacts) => ({
  ...facts,
  hides: hides.map((one) => ({ ...one })),
})

const changeBody = z.strictObject({
  changes: z
    .record(text('minimalBackoffTime'), z.string().max(STORED_TEXT_CHARACTERS_MAX).nullable())
    .openapi({ description: `At most ${SETTINGS_CHANGED_MAX}; null takes a change back.` }),
})

const changed = z.object({
  settings: z.array(setting),
  warnings: z.array(z.string()).openapi({ description: 'Allowed, and probably not meant.' }),
})

async function change(
  { body }: { readonly body: z.output<typeof changeBody> },
  { administration, isRehearsal }: Call,
) {
  const done = await administration.settings.change({ changes: body.changes, isRehearsal })
  if (done.kind !== 'changed') return done
  return answer({ settings: done.settings.map(settingOf), warnings: [...done.warnings] })
}

export const settingOperations = [
  defineOperation({
    id: 'settings.list',
    method: 'get',
    path: '/settings',
    summary: 'Lists settings, or those with this in their name, here or in Postfix or Dovecot.',
    right: 'settings.read',
    input: { query: z.strictObject({ q: text('myhostname').optional() }) },
    subject: () => ofSystem,
    output: z.object({ data: z.array(setting), warnings: z.array(z.string()) }),
    async run({ query }, { administration }) {
      const { settings, warnings } = await administration.settings.list(query.q)
      return answer({ data: settings.map(settingOf), warnings: [...warnings] })
    },
  }),
  defineOperation({
    id: 'settings.get',
    method: 'get',
    path: '/settings/{setting}',
    summary: 'Tells of a setting.',
    right: 'settings.read',
    input: { params: z.object({ setting: text('minimalBackoffTime') }) },
    subject: () => ofSystem,
    output: setting,
    async run({ params }, { administration }) {
      const shown = await administration.settings.show(params.setting)
      if (shown.kind !== 'setting') return shown
      const { value, origin } = shown.setting
      return answer(settingOf(shown.setting), { version: { value, origin } })
    },
  }),
  defineOperation({
    id: 'settings.change',
    method: 'post',
    path: '/settings:change',
    summary:
      'Changes settings that may change while the system runs, all of them or none. With `dryRun` it says what would be wrong.',
    right: 'settings.write',
    input: { body: changeBody },
    subject: () => ofSystem,
    output: changed,
    bodyBytesMax: 1_200_000,
    rehearse: change,
    run: change,
  }),
]
