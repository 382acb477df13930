// The port promises kept by the embedded driver.

import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeObjectStore } from './object-store.ts'
import { describeSignals } from './signals.ts'
import { describeTable } from './table.ts'

describeTable('embedded', openEmbedded)
describeObjectStore('embedded', openEmbedded)
describeSignals('embedded', openEmbedded)
