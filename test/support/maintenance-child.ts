// `restore FOLDER BACKUP` or `compact FOLDER`, alone: what a test kills.

import { compactStore } from '#shared/storage/embedded/compact.ts'
import { restoreBackup } from '#shared/storage/embedded/restore.ts'

const [what, directory = '', from = ''] = process.argv.slice(2)
if (what === 'compact') await compactStore(directory)
else await restoreBackup({ from, directory, force: true, change: (item) => item })
