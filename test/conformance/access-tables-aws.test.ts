import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeAccessTables } from './access-tables.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeAccessTables('aws', () => openAws())
})
