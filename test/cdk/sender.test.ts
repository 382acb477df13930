// Where mail leaves directly: one task behind an address that stays, in place of the function delivery.

import { describe, expect, it } from 'vitest'
import { environments } from '#services/aws/environment.ts'
import { deploymentFiles } from './deployment-files.ts'
import { readable } from './readable.ts'
import { permissions } from './roles.ts'
import { standard } from './syntheses.ts'
import { at, list, synthesize } from './synthesis.ts'

const direct = synthesize(deploymentFiles.direct)
const isSender = ({ id }: { readonly id: string }) => id.startsWith('sender')

describe('a deployment that sends directly', () => {
  it('has one address of its own, which stays when the rest goes, and a name for it', () => {
    expect(direct.find('AWS::EC2::NatGateway')).toHaveLength(1)
    const [address, ...others] = direct.find('AWS::EC2::EIP')
    expect(others).toEqual([])
    expect(address).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    const names = direct.find('AWS::Route53::RecordSet').filter(isSender)
    expect(names.map(({ Properties }) => [Properties.Type, Properties.Name])).toEqual([
      ['A', 'out.mx.example.org.'],
    ])
  })

  it('has a task that nobody reaches, and that reaches mail hosts and AWS', () => {
    const [service] = direct.find('AWS::ECS::Service').filter(isSender)
    expect(service?.Properties).toMatchObject({ DesiredCount: 1 })
    expect(list(at(service?.Properties, 'LoadBalancers'))).toEqual([])
    const network = at(service?.Properties, 'NetworkConfiguration.AwsvpcConfiguration')
    expect(at(network, 'AssignPublicIp')).toBe('DISABLED')
    const subnets = list(at(network, 'Subnets')).map((one) => readable(one, direct))
    expect(subnets.every((name) => name.includes('egress'))).toBe(true)
    const [group] = direct.find('AWS::EC2::SecurityGroup').filter(isSender)
    const out = list(at(group?.Properties, 'SecurityGroupEgress')).map((rule) => at(rule, 'ToPort'))
    expect(out).toEqual([25, 443, 465, 587])
    expect(list(at(group?.Properties, 'SecurityGroupIngress'))).toEqual([])
  })

  it('tells it what it reads, and its name', () => {
    const [task] = direct.find('AWS::ECS::TaskDefinition').filter(isSender)
    const [container] = list(at(task?.Properties, 'ContainerDefinitions'))
    expect(at(container, 'EntryPoint')).toEqual(['node', '/app/sender.mjs'])
    const given = list(at(container, 'Environment')).map((one) => [
      String(at(one, 'Name')),
      at(one, 'Value'),
    ])
    const own = given.map(([name]) => String(name)).filter((name) => !name.startsWith('POSTWOLKE_'))
    expect(own.sort()).toEqual([...environments.sender, 'METRICS_NAMESPACE', 'AWS_REGION'].sort())
    expect(Object.fromEntries(given)).toMatchObject({
      POSTWOLKE_SMTP_HELO_NAME: 'out.mx.example.org',
      POSTWOLKE_RELAYHOST: '',
    })
  })

  it('lets it do what the function delivery may, but for what that shares with others of its kind', () => {
    const allowed = (synthesis: typeof direct, role: string) =>
      new Set(
        permissions(synthesis)
          .filter((one) => one.role === role)
          .map(({ action }) => action)
          .filter((action) => !action.startsWith('logs:')),
      )
    const sender = allowed(direct, 'senderTaskTaskRole')
    const delivery = allowed(standard, 'deliveryRole')
    expect([...delivery.difference(sender)].sort()).toEqual([
      'secretsmanager:GetSecretValue',
      'sqs:GetQueueAttributes',
    ])
    expect([...sender.difference(delivery)]).toEqual([])
    expect(permissions(direct).filter(({ role }) => role === 'deliveryRole')).toEqual([])
  })

  it('rings when nobody sends', () => {
    const names = direct
      .find('AWS::CloudWatch::Alarm')
      .map(({ id, Properties }) => [id, Properties.TreatMissingData])
    const sending = names.filter(([id]) => String(id).includes('NoSender'))
    expect(sending.map(([, missing]) => missing)).toEqual(['breaching'])
  })
})
