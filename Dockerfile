# A host that has shared-state installed; run as it is, a server.
#
#   docker build -t shared-state .
#   docker run -d --name state -v state-key:/var/lib/shared-state -p 50000:50000 shared-state
#   docker exec state cat /var/lib/shared-state/authkey
#
# The server writes a key of its own there at its first start. To bring one instead, mount it as a
# secret and say -e SHARED_STATE_AUTHKEY_FILE=/run/secrets/authkey. All options of `serve` can be
# given as SHARED_STATE_*.
#
# Only what the classic builder knows is used here, so that every Docker can build it.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
LABEL stage=shared-state-build
# `python3`, because a base made of a distribution's packages has no `python`; a venv has both.
RUN python3 -m venv /opt/shared-state
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY client client
COPY server server
COPY shared shared
# What else programs in this image need, such as numpy.
ARG EXTRA_PACKAGES=""
RUN /opt/shared-state/bin/pip wheel --no-deps --wheel-dir /wheels . \
    && /opt/shared-state/bin/pip install --no-cache-dir /wheels/*.whl ${EXTRA_PACKAGES}

FROM ${BASE_IMAGE}
COPY --from=build /opt/shared-state /opt/shared-state
# A volume that is mounted over the key's folder takes its owner and mode from here, so that all
# containers of this image can share a key that only this user can read.
RUN groupadd --gid 10001 shared-state \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/shared-state shared-state \
    && install --directory --mode 0700 --owner shared-state --group shared-state \
        /var/lib/shared-state
ENV PATH=/opt/shared-state/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    XDG_CONFIG_HOME=/var/lib
USER shared-state
WORKDIR /var/lib/shared-state
EXPOSE 50000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["shared-state", "ping"]
# A container's own network is the loopback of its host: --insecure says that whoever publishes the
# port beyond it has to bring the encryption.
CMD ["shared-state", "serve", "--host", "0.0.0.0", "--insecure"]
