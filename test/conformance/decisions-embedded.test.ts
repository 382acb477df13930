import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeDecisions } from './decisions.ts'

describeDecisions('embedded', openEmbedded)
