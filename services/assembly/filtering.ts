// What a user's scripts decide at delivery, put together on the backend.

import { createCompiledScripts } from '#services/delivery/local/filtering/compiled-scripts.ts'
import { createFiltering, type Filtering } from '#services/delivery/local/filtering/filtering.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import type { Backend } from './backend.ts'

export function assembleFiltering({
  directory,
  store,
  mailbox,
  settings,
  clock,
}: Backend): Filtering {
  return createFiltering({
    compiled: createCompiledScripts({ scripts: directory.scripts, vocabulary }),
    objects: store.objects,
    facts: ({ id }) => ({
      environment: () => undefined,
      folders: {
        exists: async (path) => (await mailbox.folders.find(id, path))?.selectable === true,
        idExists: async () => false,
        hasSpecialUse: async (_path, use) => (await mailbox.folders.findUse(id, use)) !== undefined,
        metadata: async () => undefined,
      },
      listHolds: async () => undefined,
      wasSeen: async () => false,
      verdict: { spamPercent: undefined, virus: 0 },
    }),
    extensions: vocabulary.extensions,
    options: {
      recipientDelimiter: settings.recipientDelimiter,
      sieveMaxRedirects: settings.sieveMaxRedirects,
      sieveVacationMinPeriodMs: settings.sieveVacationMinPeriod,
      sieveVacationDefaultPeriodMs: settings.sieveVacationDefaultPeriod,
      sieveVacationMaxPeriodMs: settings.sieveVacationMaxPeriod,
      headerEdits: {
        valueBytes: settings.sieveEditheaderMaxHeaderSize,
        forbidAdd: [...settings.sieveEditheaderProtected, ...settings.sieveEditheaderForbidAdd],
        forbidDelete: [
          ...settings.sieveEditheaderProtected,
          ...settings.sieveEditheaderForbidDelete,
        ],
      },
    },
    clock,
  })
}
