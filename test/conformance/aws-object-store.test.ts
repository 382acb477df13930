import { openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeObjectStore } from './object-store.ts'

describeObjectStore('aws', () => openAws({ withTables: false }), { slow: true })
