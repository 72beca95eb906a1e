# docker build --build-arg VERSION=$(git describe --tags --always) -t harebell .
# docker run -p 5672:5672 -p 15672:15672 -p 15692:15692 -v harebell:/var/lib/rabbitmq harebell

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN make build VERSION=$VERSION && packaging/rootfs.sh /rootfs

FROM scratch
COPY --from=build /rootfs /
COPY --from=build --chown=999:999 /rootfs/var/lib/rabbitmq /var/lib/rabbitmq
# The log goes to standard output, as RabbitMQ's does.
ENV RABBITMQ_LOGS=-
USER 999:999
WORKDIR /var/lib/rabbitmq
VOLUME /var/lib/rabbitmq
EXPOSE 5671 5672 15672 15691 15692
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["harebell", "ping"]
ENTRYPOINT ["harebell"]
CMD ["serve"]
