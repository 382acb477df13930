// A network of public subnets: containers have public addresses for what they call, and their security group lets in nothing but the load
// balancer. A NAT gateway or interface endpoints would cost more than everything else together, and there is one only where mail leaves
// by ourselves: from an address that stays.

import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib'
import {
  CfnEIP,
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type IVpc,
  NatProvider,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { output } from './output.ts'
import { tableActions } from './permissions.ts'
import type { Storage } from './storage.ts'

/** Those whose way out is the sender's address. */
export const EGRESS_SUBNETS = 'egress'

export class Network extends Construct {
  readonly vpc: IVpc
  /** From which mail leaves; undefined where others send it. */
  readonly senderAddress: string | undefined

  constructor(
    scope: Construct,
    id: string,
    parts: {
      readonly availabilityZones: number
      readonly storage: Storage
      readonly sendsDirectly: boolean
    },
  ) {
    super(scope, id)
    const { availabilityZones, storage, sendsDirectly } = parts
    const address = sendsDirectly ? this.#address() : undefined
    this.senderAddress = address?.attrPublicIp
    this.vpc = new Vpc(this, 'Vpc', {
      availabilityZones: zones(availabilityZones),
      ...(address === undefined
        ? { natGateways: 0 }
        : {
            natGateways: 1,
            natGatewayProvider: NatProvider.gateway({
              eipAllocationIds: [address.attrAllocationId],
            }),
          }),
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
        ...(sendsDirectly
          ? [{ name: EGRESS_SUBNETS, subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 }]
          : []),
      ],
      flowLogs: {
        All: {
          destination: FlowLogDestination.toS3(storage.logs, 'flow'),
          trafficType: FlowLogTrafficType.ALL,
        },
      },
      // Nothing is in it; taking its rules away needs a function of its own.
      restrictDefaultSecurityGroup: false,
      // The library's classes miss their interfaces by an `undefined`, which the project's compiler minds.
    }) as IVpc
    this.#open(GatewayVpcEndpointAwsService.DYNAMODB, 'DynamoDb', [
      through(
        tableActions,
        Object.values(storage.tables).map(({ tableArn }) => tableArn),
      ),
    ])
    this.#open(GatewayVpcEndpointAwsService.S3, 'S3', [
      through(
        ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
        [storage.objects.arnForObjects('mail/*')],
      ),
      through(['s3:ListBucket'], [storage.objects.bucketArn]),
      // Where the image registry keeps the layers of images.
      through(['s3:GetObject'], [layersOfImages(Stack.of(this))]),
    ])
  }

  /** It has a name and a reputation: it stays when the rest goes. */
  #address(): CfnEIP {
    const address = new CfnEIP(this, 'SenderAddress', { domain: 'vpc' })
    address.applyRemovalPolicy(RemovalPolicy.RETAIN)
    output(this, 'SenderAddress', address.attrPublicIp)
    return address
  }

  /** A way to our own tables and objects that costs nothing, and to nobody else's. */
  #open(service: GatewayVpcEndpointAwsService, id: string, statements: PolicyStatement[]): void {
    const endpoint = this.vpc.addGatewayEndpoint(id, { service })
    for (const statement of statements) endpoint.addToPolicy(statement)
  }
}

/** The first zones of whatever region it is; looking their names up would need an account. */
function zones(count: number): string[] {
  return Array.from({ length: count }, (_, index) => Fn.select(index, Fn.getAzs()))
}

function through(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: [...actions],
    resources: [...resources],
  })
}

function layersOfImages({ partition, region }: Stack): string {
  return `arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`
}
