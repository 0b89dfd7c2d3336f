//! What there is of a Cluster: its objects, and what its broker says. Only reads.

use crds::cluster::{Cluster, ExternalType};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use proto::admin::v1::DescribeClusterResponse;

use crate::broker_admin::{AdminError, BrokerAdmin};
use crate::build::stateful_set::DATA;
use crate::context::Context;
use crate::error::Error;
use crate::names::{Names, TOKEN_KEY};

/// See the file's header.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its names.
    pub names: Names,
    /// The token of the admin service.
    pub token: Option<String>,
    /// The objects.
    pub service_account: Option<ServiceAccount>,
    /// The settings.
    pub config_map: Option<ConfigMap>,
    /// The headless Service.
    pub headless: Option<Service>,
    /// The Service that clients begin with.
    pub bootstrap: Option<Service>,
    /// The way in from outside.
    pub external: Option<Service>,
    /// The PodDisruptionBudget.
    pub disruption_budget: Option<PodDisruptionBudget>,
    /// The NetworkPolicy.
    pub network_policy: Option<NetworkPolicy>,
    /// The StatefulSet.
    pub stateful_set: Option<StatefulSet>,
    /// The pods, by name.
    pub pods: Vec<Pod>,
    /// The claims of volumes, by name.
    pub claims: Vec<PersistentVolumeClaim>,
    /// Whether each claim's class lets volumes grow; absent if the class cannot be seen.
    pub may_grow: Option<bool>,
    /// What the broker says.
    pub described: Option<DescribeClusterResponse>,
    /// Why it says nothing.
    pub unreachable: Option<AdminError>,
}

async fn get<K>(client: &Client, namespace: &str, name: &str) -> Result<Option<K>, Error>
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    Ok(Api::<K>::namespaced(client.clone(), namespace).get_opt(name).await?)
}

/// Looks at everything.
///
/// # Errors
/// The API server's. That the broker is not reached is none.
pub async fn fetch(ctx: &Context, names: &Names) -> Result<Live, Error> {
    let (client, namespace) = (&ctx.client, names.namespace.as_str());
    let selector = names.selector_labels();
    let selector: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let list = ListParams::default().labels(&selector.join(","));
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), namespace);
    let (broker, headless, bootstrap, external) =
        (names.broker(), names.headless(), names.bootstrap(), names.external());
    let secret = get::<Secret>(client, namespace, &names.token()).await?;
    let mut live = Live {
        token: secret.and_then(|secret| token(&secret)),
        service_account: get(client, namespace, &broker).await?,
        config_map: get(client, namespace, &broker).await?,
        headless: get(client, namespace, &headless).await?,
        bootstrap: get(client, namespace, &bootstrap).await?,
        external: get(client, namespace, &external).await?,
        disruption_budget: get(client, namespace, &broker).await?,
        network_policy: get(client, namespace, &broker).await?,
        stateful_set: get(client, namespace, &broker).await?,
        pods: pods.list(&list).await?.items,
        claims: claims.list(&list).await?.items,
        may_grow: None,
        described: None,
        unreachable: None,
        names: names.clone(),
    };
    live.pods.sort_by_key(ResourceExt::name_any);
    live.claims.sort_by_key(ResourceExt::name_any);
    match live.admin(ctx) {
        Ok(None) => {}
        Ok(Some(admin)) if live.pods.iter().any(is_running) || ctx.options.admin_address.is_some() => {
            match admin.describe_cluster().await {
                Ok(described) => live.described = Some(described),
                Err(error) => live.unreachable = Some(error),
            }
        }
        Ok(Some(_)) => live.unreachable = Some(AdminError::unreachable("no broker runs")),
        Err(error) => live.unreachable = Some(error),
    }
    Ok(live)
}

fn token(secret: &Secret) -> Option<String> {
    let bytes = &secret.data.as_ref()?.get(TOKEN_KEY)?.0;
    String::from_utf8(bytes.clone()).ok().filter(|token| !token.is_empty())
}

/// Whether a pod's containers run.
#[must_use]
pub fn is_running(pod: &Pod) -> bool {
    pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"))
}

/// Whether clients are sent to a pod.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let is_told = conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True");
    is_told && pod.metadata.deletion_timestamp.is_none()
}

impl Live {
    /// The broker; `None` while there is no token.
    ///
    /// # Errors
    /// The token cannot be sent.
    pub fn admin(&self, ctx: &Context) -> Result<Option<BrokerAdmin>, AdminError> {
        self.token.as_ref().map(|token| ctx.admins.get_or_connect(&self.names, token)).transpose()
    }

    /// Image of the brokers that there are.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        let template = &self.stateful_set.as_ref()?.spec.as_ref()?.template;
        template.spec.as_ref()?.containers.first()?.image.as_deref()
    }

    /// Where the way in from outside is reached.
    #[must_use]
    pub fn reached_at(&self, cluster: &Cluster) -> Option<(String, i32)> {
        let wanted = cluster.spec.listeners.external.as_ref()?;
        let service = self.external.as_ref()?;
        let port = service.spec.as_ref()?.ports.as_ref()?.first()?;
        match wanted.type_ {
            ExternalType::NodePort => Some((wanted.advertised_host.clone()?, port.node_port?)),
            ExternalType::LoadBalancer => {
                let balancer = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?.first()?;
                let told = balancer.hostname.clone().or_else(|| balancer.ip.clone())?;
                Some((wanted.advertised_host.clone().unwrap_or(told), port.port))
            }
        }
    }

    /// Whether all brokers that are wanted are there and ready.
    #[must_use]
    pub fn is_settled(&self, replicas: i32) -> bool {
        let ready = self.pods.iter().filter(|pod| is_ready(pod)).count();
        i32::try_from(ready).is_ok_and(|ready| ready == replicas) && self.described.is_some()
    }

    /// The claim of a pod's volume.
    #[must_use]
    pub fn claim_of(&self, pod: &str) -> Option<&PersistentVolumeClaim> {
        let name = format!("{DATA}-{pod}");
        self.claims.iter().find(|claim| claim.name_any() == name)
    }
}
