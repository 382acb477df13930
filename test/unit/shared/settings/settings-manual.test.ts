import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { settingsManual } from '#shared/settings/describe.ts'

const manual = fileURLToPath(new URL('../../../../docs/settings.md', import.meta.url))

it('docs/settings.md says what the table says (vitest -u writes it anew)', async () => {
  await expect(settingsManual()).toMatchFileSnapshot(manual)
})
