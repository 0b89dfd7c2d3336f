//! Services: a name for each broker, one place to begin with, and a way in from outside.

use crds::cluster::ExternalType;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::controllers::cluster::validate::ValidCluster;
use crate::names::{ADMIN_PORT, EXTERNAL_PORT, HTTP_PORT, KAFKA_PORT};

fn port(name: &str, port: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(name.to_owned())),
        ..ServicePort::default()
    }
}

/// The headless Service. Its names are there before pods are ready: brokers and the operator find them while they start.
#[must_use]
pub fn headless(cluster: &ValidCluster) -> Service {
    let names = &cluster.names;
    Service {
        metadata: names.metadata(names.headless(), &cluster.labels, Some(&cluster.owner)),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            publish_not_ready_addresses: Some(true),
            selector: Some(names.selector_labels()),
            ports: Some(vec![port("kafka", KAFKA_PORT), port("http", HTTP_PORT), port("admin", ADMIN_PORT)]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// Where clients begin.
#[must_use]
pub fn bootstrap(cluster: &ValidCluster) -> Service {
    let names = &cluster.names;
    Service {
        metadata: names.metadata(names.bootstrap(), &cluster.labels, Some(&cluster.owner)),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(names.selector_labels()),
            ports: Some(vec![port("kafka", KAFKA_PORT)]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// The way in from outside, if one is wanted.
#[must_use]
pub fn external(cluster: &ValidCluster) -> Option<Service> {
    let (names, wanted) = (&cluster.names, cluster.external.as_ref()?);
    let mut metadata = names.metadata(names.external(), &cluster.labels, Some(&cluster.owner));
    metadata.annotations = Some(wanted.annotations.clone());
    let type_ = match wanted.type_ {
        ExternalType::NodePort => "NodePort",
        ExternalType::LoadBalancer => "LoadBalancer",
    };
    let mut external = port("external", EXTERNAL_PORT);
    external.node_port = wanted.node_port;
    let spec = ServiceSpec {
        type_: Some(type_.to_owned()),
        selector: Some(names.selector_labels()),
        ports: Some(vec![external]),
        ..ServiceSpec::default()
    };
    Some(Service { metadata, spec: Some(spec), status: None })
}
