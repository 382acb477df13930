import { openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeQueue } from './queue.ts'

describeQueue('aws', () => openAws({ withTables: false }), { slow: true })
